//! Public figures: which days they rest on, and that a home that reports later than all others does not take the
//! others' figures away.

use std::time::{Duration, Instant};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::support::{AREA, App, NEIGHBOUR, reading};

/// Homes that are enough for a figure over days.
const HOMES: usize = 12;

/// Registers homes in an area and sends a reading of each for every hour of some days, 0.5 kWh each.
async fn measured(app: &App, prefix: &str, area: &str, first: Date, days: i64) {
    let meters: Vec<String> = (0..HOMES).map(|home| format!("{prefix}{home}")).collect();
    let registrations: Vec<Value> =
        meters.iter().map(|meter| json!({ "meter_id": meter, "area": area })).collect();
    let answer = app.post("/meters", json!({ "meters": registrations }).to_string()).await;
    assert_eq!(answer.json()["accepted"], HOMES, "{answer:?}");
    for day in 0..days {
        let date = first.checked_add(day.days()).unwrap();
        let hours = (0..24).map(|hour| format!("{date}T{hour:02}:00:00Z"));
        let readings: Vec<Value> = hours
            .flat_map(|start| meters.iter().map(move |meter| reading(meter, &start, 3600, 500.0)))
            .collect();
        let answer = app.post("/readings", json!({ "readings": readings }).to_string()).await;
        assert_eq!(answer.json()["accepted"], readings.len(), "{answer:?}");
    }
    app.settle().await;
}

/// The card's figure for a year, once it is as asked for.
async fn year_once(app: &App, area: &str, wanted: impl Fn(&Value, &Value) -> bool) -> (Value, Value) {
    let began = Instant::now();
    loop {
        let card = app.get(&format!("/api/v1/areas/{area}")).await.json();
        let year =
            card["figures"].as_array().unwrap().iter().find(|f| f["measure"] == "annual").unwrap().clone();
        if wanted(&card, &year) {
            return (card, year);
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it stays {card}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Corrects what some homes used on some days: 0.6 kWh an hour.
async fn corrected(app: &App, homes: std::ops::Range<usize>, first: Date, days: i64) {
    for day in 0..days {
        let date = first.checked_add(day.days()).unwrap();
        let of_home = |home: usize| {
            (0..24).map(move |hour| {
                reading(&format!("home-{home}"), &format!("{date}T{hour:02}:00:00Z"), 3600, 600.0)
            })
        };
        let readings: Vec<Value> = homes.clone().flat_map(of_home).collect();
        let answer = app.post("/readings", json!({ "readings": readings }).to_string()).await;
        assert_eq!(answer.json()["accepted"], readings.len(), "{answer:?}");
    }
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_of_energy_is_told_once_it_is_of_ten_homes() {
    let app = App::start().await;
    let (first, days) = (date(2026, 11, 2), 10);
    measured(&app, "home-", AREA, first, days).await;
    let (_, before) = year_once(&app, AREA, |_, year| year["status"] == "measured").await;
    corrected(&app, 0..9, first, days).await;
    // Nine homes are not told of, however long one waits; that nothing comes can only be seen by waiting.
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (_, year) = year_once(&app, AREA, |_, _| true).await;
        assert_eq!(year["value"], before["value"]);
    }
    corrected(&app, 9..HOMES, first, days).await;
    let (_, after) = year_once(&app, AREA, |_, year| year["value"] != before["value"]).await;
    let ratio = after["value"].as_f64().unwrap() / before["value"].as_f64().unwrap();
    assert!((1.19..1.21).contains(&ratio), "{before} {after}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_says_which_days_it_rests_on_and_outlives_a_newer_home() {
    let app = App::start().await;
    measured(&app, "old", AREA, date(2024, 1, 8), 8).await;
    // How many homes are registered is looked up now and then.
    let told = |card: &Value, year: &Value| year["status"] == "measured" && card["homes"].is_string();
    let (card, year) = year_once(&app, AREA, told).await;
    assert_eq!(
        year["basis"],
        json!({ "days": 8, "from": "2024-01-08T00:00:00Z", "to": "2024-01-16T00:00:00Z" })
    );
    assert_eq!((&card["homes"], &card["to"]), (&json!("10 to 19"), &json!("2024-01-16T00:00:00Z")));

    // One home elsewhere, today: nobody's year moves.
    app.register("alone", NEIGHBOUR).await;
    app.read("alone", "2026-11-22T10:00:00Z", 1800, 100.0).await;
    app.settle().await;
    year_once(&app, NEIGHBOUR, |_, year| year["status"] == "suppressed" || year["status"] == "merged").await;
    // Longer than a release stands and than new days wait to be looked at.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (after, same) = year_once(&app, AREA, |_, _| true).await;
    assert_eq!((&same["status"], &same["value"]), (&json!("measured"), &year["value"]));
    assert_eq!(after["to"], card["to"]);

    // Enough homes elsewhere, this month: the year is theirs, and of the others it says when they were measured.
    measured(&app, "new", NEIGHBOUR, date(2026, 11, 10), 8).await;
    let (card, _) = year_once(&app, AREA, |_, year| year["status"] == "modelled").await;
    assert_eq!((&card["last_measured"], &card["to"]), (&json!("2024-01"), &json!("2026-11-18T00:00:00Z")));
    let (_, year) = year_once(&app, NEIGHBOUR, |_, year| year["status"] == "measured").await;
    assert_eq!(
        (&year["basis"]["days"], year["basis"]["from"].as_str()),
        (&json!(8), Some("2026-11-10T00:00:00Z"))
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wider_area_speaks_only_for_homes_that_were_heard() {
    let app = App::start().await;
    measured(&app, "home", AREA, date(2024, 1, 8), 8).await;
    let (_, year) = year_once(&app, AREA, |_, year| year["status"] == "measured").await;
    // The borough's homes are these same ones: it is nothing to hold them against.
    assert_eq!(year["around"], Value::Null, "{year}");
    // A month of which eight days were measured: what was used on them, not on all of it.
    let january = format!("/api/v1/areas/{AREA}/consumption?by=month&from=2024-01-01&to=2024-02-01");
    let month = app.get(&january).await.json()["series"][0].clone();
    assert_eq!((&month["status"], &month["kwh_per_home"]), (&json!("measured"), &json!(96.0)), "{month}");
    assert_eq!(month["covered_percent"], 25, "{month}");

    // Nobody was ever heard from there: no figure of wider homes is said of it, nor is the borough's published mean,
    // which is its figure, held against what was measured in the borough.
    let (_, year) = year_once(&app, NEIGHBOUR, |_, year| year["status"] == "modelled").await;
    assert_eq!(year["around"], Value::Null, "{year}");
    let months = |query: &'static str| {
        let app = &app;
        async move {
            let answer =
                app.get(&format!("/api/v1/areas/{NEIGHBOUR}/consumption?by=month{query}")).await.json();
            let points = answer["series"].as_array().unwrap();
            let statuses = points.iter().map(|point| point["status"].as_str().unwrap().to_owned());
            (
                statuses.filter(|status| status != "no_data").collect::<Vec<_>>(),
                answer["shown_for"]["code"].clone(),
            )
        }
    };
    assert_eq!(months("").await, (vec![], Value::Null));
    let profile = app.get(&format!("/api/v1/areas/{NEIGHBOUR}/profile?month=2024-01")).await.json();
    assert_eq!((&profile["status"], &profile["shown_for"]), (&json!("no_data"), &Value::Null));

    // One home: where it was heard the wider area speaks for it, and elsewhere it stays hidden whether it is silent.
    app.register("alone", NEIGHBOUR).await;
    app.read("alone", "2024-01-10T10:00:00Z", 1800, 100.0).await;
    app.settle().await;
    year_once(&app, NEIGHBOUR, |_, year| year["status"] == "merged").await;
    let (statuses, shown_for) = months("&from=2024-01-01&to=2024-02-01").await;
    assert_eq!((statuses, shown_for.is_string()), (vec!["merged".to_owned()], true));
    assert_eq!(months("&from=2023-03-01&to=2023-04-01").await, (vec!["suppressed".to_owned()], Value::Null));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistyped_parameter_is_said_and_not_passed_over() {
    let app = App::start().await;
    for path in [
        "/areas?levl=msoa",
        "/map?level=msoa&mesure=now",
        "/areas/E09000007?x=1",
        "/areas/E09000007/consumption?bye=day",
        "/areas/E09000007/profile?months=2026-11",
        "/search?query=camden",
    ] {
        let answer = app.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, 400, "{path}");
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("unknown field") && !detail.contains("eserialize"), "{path}: {detail}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn areas_side_by_side_say_what_a_home_pays_and_how_sure_that_is() {
    let app = App::start().await;
    for number in 0..40 {
        let meter = format!("home-{number}");
        app.register(&meter, AREA).await;
        let days = (1..15).map(|day| reading(&meter, &format!("2026-11-{day:02}T18:00:00Z"), 3600, 1000.0));
        let body = json!({ "readings": days.collect::<Vec<_>>() });
        assert_eq!(app.post("/readings", body.to_string()).await.status, 200);
    }
    app.settle().await;
    year_once(&app, AREA, |_, year| year["status"] == "measured").await;
    // How many homes there are is looked up now and then, and days that have just arrived are weighed first.
    let began = Instant::now();
    let answer = loop {
        let answer = app.get(&format!("/api/v1/compare?areas={AREA},%20E09000007")).await.json();
        let figures = answer["areas"][0]["card"]["figures"].as_array().unwrap();
        let is_told = |figure: &Value| figure["measure"] == "now" || figure["status"] == "measured";
        if !answer["areas"][0]["annual_range"].is_null() && figures.iter().all(is_told) {
            break answer;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it stays {answer}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let [measured, modelled] = [0, 1].map(|area| answer["areas"][area].clone());
    assert_eq!(
        [&measured, &modelled].map(|area| area["card"]["code"].as_str()),
        [Some(AREA), Some("E09000007")]
    );
    // All of it in the evening.
    let annual = measured["card"]["figures"][0]["value"].as_f64().unwrap();
    let range: Vec<f64> = serde_json::from_value(measured["annual_range"].clone()).unwrap();
    assert!(range[0] < annual && annual < range[1], "{annual} {range:?}");
    let cost = |area: &Value, tariff: usize| area["costs"][tariff]["a_year"].as_f64().unwrap();
    assert_eq!(answer["prices"]["currency"], "GBP");
    assert_eq!(cost(&measured, 0), (annual * 0.2611 + 365.2425 * 0.5719).round());
    assert!(cost(&measured, 2) > cost(&measured, 0), "the evening is dear: {measured}");
    assert_eq!(
        (&modelled["annual_range"], modelled["card"]["figures"][0]["status"].as_str()),
        (&Value::Null, Some("modelled"))
    );
    assert!(cost(&modelled, 0) > 0.0, "{modelled}");
    for (query, status, says) in [
        ("", 400, "areas is “”: allowed are 1 to 4 codes"),
        ("?areas=,", 400, "areas is “,”"),
        ("?areas=a,b,c,d,e", 400, "allowed are 1 to 4 codes"),
        ("?areas=E01000001,nowhere", 404, "There is no area called nowhere"),
        ("?area=E01000001", 400, "unknown field `area`"),
    ] {
        let problem = app.get(&format!("/api/v1/compare{query}")).await.problem(status);
        assert!(problem.contains(says), "{query}: {problem}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_sites_show_an_area_in_a_frame_where_they_may() {
    let nobody = App::start().await;
    let refused = nobody.get("/embed/E09000007").await;
    assert!(refused.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    nobody.stop().await;
    let settings = [
        ("embed-origins", "https://a.example  https://*.b.example"),
        ("public-url", "https://watts.example"),
    ];
    let app = App::with(&settings).await;
    let frame = app.get("/embed/E09000007").await;
    let policy = frame.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors https://a.example https://*.b.example"), "{policy}");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"),
        "{policy}"
    );
    let html = frame.text();
    for part in [
        "<h1>Camden</h1>",
        "kWh a year",
        " a month (Flat)",
        "https://watts.example/area/E09000007",
        "<path d=",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert_eq!(app.get("/embed/nowhere").await.problem(404), "There is no area called nowhere.");
    // The page itself is for no frame, and says what its picture is where somebody shares it.
    let page = app.get("/area/E09000007").await;
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    let html = page.text();
    assert!(html.contains("https://watts.example/preview/E09000007.png"), "{html}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn areas_side_by_side_can_be_kept_and_an_area_has_a_picture() {
    let app = App::start().await;
    let areas = format!("areas={AREA},E09000007");
    let table = app.get(&format!("/download/compare.csv?{areas}")).await;
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"wattmap-compare.csv\"");
    let text = table.text();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][..2], ["what", "unit"]);
    assert!(rows[0][3] == "Camden" && rows.iter().all(|row| row.len() == 4), "{text}");
    let said = app.get(&format!("/api/v1/compare?{areas}")).await.json();
    let row = |name: &str| {
        rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}: {text}")).clone()
    };
    for (number, area) in said["areas"].as_array().unwrap().iter().enumerate() {
        let annual = &area["card"]["figures"][0];
        assert_eq!(row("annual")[2 + number].parse::<f64>().ok(), annual["value"].as_f64());
        assert_eq!(row("annual_status")[2 + number], annual["status"].as_str().unwrap());
    }
    assert_eq!(row("cost of a year (Flat)")[1], "GBP");
    let drawing = app.get(&format!("/download/compare.svg?{areas}")).await;
    assert_eq!(drawing.header("content-type"), "image/svg+xml");
    assert!(drawing.text().contains(">Camden</text>"), "{}", drawing.text());
    for picture in [
        format!("/download/compare.png?{areas}"),
        format!("/preview/{AREA}.png"),
        "/preview/E09000007.png".to_owned(),
    ] {
        let answer = app.get(&picture).await;
        assert_eq!(answer.status, 200, "{picture}");
        assert_eq!(answer.header("content-type"), "image/png", "{picture}");
        assert!(
            answer.body.starts_with(b"\x89PNG") && answer.body.len() > 5_000,
            "{picture}: {}",
            answer.body.len()
        );
    }
    for (path, status, says) in [
        ("/download/compare.csv", 400, "areas is “”: allowed are 1 to 4 codes"),
        ("/download/compare.png?areas=nowhere", 404, "There is no area called nowhere"),
        ("/preview/nowhere.png", 404, "There is no picture called nowhere.png"),
        ("/preview/E09000007.jpg", 404, "There is no picture called E09000007.jpg"),
        ("/preview/E09000007.png?size=9", 400, "unknown field `size`"),
    ] {
        let problem = app.get(path).await.problem(status);
        assert!(problem.contains(says), "{path}: {problem}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_map_shows_can_be_kept() {
    let app = App::start().await;
    measured(&app, "home-", AREA, date(2026, 11, 1), 14).await;
    // What is known of a year is worked out again now and then, of each area and of the map of all.
    let began = Instant::now();
    let figure = loop {
        let map = app.get("/api/v1/map?level=lsoa").await.json();
        let figure = map["areas"][0].clone();
        assert_eq!(figure["code"].as_str(), Some(AREA), "{figure}");
        if figure["status"] == "measured" {
            break figure;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it stays {figure}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let file = app.get("/download/lsoa.csv").await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"wattmap-lsoa.csv\"");
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let table = file.text();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 1 + 4835);
    assert_eq!(lines[0][..5], ["code", "name", "near", "within", "annual_kwh"]);
    let first = lines.iter().find(|line| line[0] == AREA).unwrap();
    assert_eq!((first[3], first[5]), ("E02000001", "measured"));
    assert_eq!(first[4].parse::<f64>().unwrap(), figure["value"].as_f64().unwrap());
    let features = app.get("/download/borough.geojson").await.json();
    let borough = &features["features"][0]["properties"];
    assert_eq!(
        (borough["name"].as_str(), borough["now_status"].as_str()),
        (Some("City of London"), Some("no_data")),
        "{borough}"
    );
    assert!(
        features["attribution"].as_str().unwrap().contains("Crown copyright"),
        "{}",
        features["attribution"]
    );
    for file in ["street.csv", "lsoa.xlsx", "lsoa", "lsoa.csv.csv"] {
        let problem = app.get(&format!("/download/{file}")).await.problem(404);
        assert_eq!(problem, format!("There is no file called {file}."));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_household_is_estimated_and_homes_tell_how_they_differ() {
    let app = App::start().await;
    let of_an_area = async |area: &str, bedrooms: u32, query: &str| {
        let answer =
            app.get(&format!("/api/v1/estimate?area={area}&bedrooms={bedrooms}&occupants=2{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let published = of_an_area("E09000012", 2, "").await;
    let kwh = |answer: &Value, which: &str| answer["kwh"][which].as_f64().unwrap();
    assert_eq!(
        (published["status"].as_str(), published["fitted_homes"].as_i64()),
        (Some("modelled"), Some(0))
    );
    assert!(
        kwh(&published, "low") < kwh(&published, "middle")
            && kwh(&published, "middle") < kwh(&published, "high")
    );
    let larger = of_an_area("E09000012", 4, "").await;
    assert!(kwh(&larger, "middle") > kwh(&published, "middle"));
    // Months and the day are of the middle; each tariff costs more the more is used.
    let sum = |of: &Value| of.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).sum::<f64>();
    assert!((sum(&published["months_kwh"]) - kwh(&published, "middle")).abs() <= 16.0, "{published}");
    assert_eq!(published["weekday_w"].as_array().unwrap().len(), 48);
    for cost in published["costs"].as_array().unwrap() {
        let year = |which: &str| cost["a_year"][which].as_f64().unwrap();
        assert!(year("low") < year("middle") && year("middle") < year("high"), "{cost}");
        assert!((sum(&cost["months"]) - year("middle")).abs() <= 8.0, "{cost}");
    }
    let one = of_an_area("E09000012", 2, "&tariff=economy-7").await;
    assert_eq!(one["costs"].as_array().unwrap().len(), 1);
    for (query, status, says) in [
        ("", 400, "area is “”"),
        ("?area=E09000012&heating=gaz", 400, "heating is “gaz”: allowed are gas, electric"),
        ("?area=E09000012&tariff=free", 400, "tariff is “free”: allowed are flat, economy-7, time-of-use"),
        ("?area=E99", 404, "There is no area called E99"),
        ("?area=E09000012&rooms=2", 400, "unknown field `rooms`"),
    ] {
        let problem = app.get(&format!("/api/v1/estimate{query}")).await.problem(status);
        assert!(problem.contains(says), "{query}: {problem}");
    }

    // Homes with a heat pump use twice as much as those with gas.
    let meters: Vec<(String, &str)> = (0..120)
        .map(|home| (format!("home-{home}"), if home % 2 == 0 { "heat_pump" } else { "gas" }))
        .collect();
    let registrations: Vec<Value> = meters
        .iter()
        .map(
            |(meter, heating)| json!({ "meter_id": meter, "area": AREA, "dwelling": { "heating": heating } }),
        )
        .collect();
    let answer = app.post("/meters", json!({ "meters": registrations }).to_string()).await;
    assert_eq!(answer.json()["accepted"], 120, "{answer:?}");
    for day in 1..15 {
        let of_home = |(meter, heating): &(String, &str)| {
            let wh = if *heating == "gas" { 300.0 } else { 600.0 };
            (0..24)
                .map(|hour| reading(meter, &format!("2026-11-{day:02}T{hour:02}:00:00Z"), 3600, wh))
                .collect::<Vec<_>>()
        };
        let readings: Vec<Value> = meters.iter().flat_map(of_home).collect();
        assert_eq!(app.post("/readings", json!({ "readings": readings }).to_string()).await.status, 200);
    }
    app.settle().await;
    year_once(&app, AREA, |_, year| year["status"] == "measured").await;
    assert_eq!(app.running.state.figures.fit_households().await.unwrap(), 120);
    let of = |area: &'static str| {
        let app = &app;
        async move { app.get(&format!("/api/v1/areas/{area}/profile?day=weekday")).await.json() }
    };
    // How homes differ is waited for only a moment; then the rest comes without it.
    let began = Instant::now();
    let profile = loop {
        let profile = of(AREA).await;
        if profile["half_hours"][36]["p50_w"].is_number() {
            break profile;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it stays {profile}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let at_six = &profile["half_hours"][36];
    let percentiles = ["p10_w", "p50_w", "p90_w"].map(|name| at_six[name].as_f64());
    assert_eq!(percentiles, [Some(300.0), Some(450.0), Some(600.0)], "{profile}");
    assert_eq!(of(NEIGHBOUR).await["half_hours"][36]["p50_w"], Value::Null);
    let (pump, gas) =
        (of_an_area(AREA, 2, "&heating=heat_pump").await, of_an_area(AREA, 2, "&heating=gas").await);
    assert_eq!((pump["status"].as_str(), pump["fitted_homes"].as_i64()), (Some("measured"), Some(100)));
    let ratio = kwh(&pump, "middle") / kwh(&gas, "middle");
    assert!((1.7..2.1).contains(&ratio), "{ratio}");
    assert_eq!((pump["typical_kwh"].as_f64(), gas["typical_kwh"].as_f64()), (Some(3400.0), Some(2500.0)));
    app.stop().await;
}
