//! In which language a reader is spoken to: as was chosen, else as the browser asks for.

#[cfg(feature = "hydrate")]
pub use browser::speak_as_the_page;
#[cfg(feature = "ssr")]
pub(crate) use server::{PARAMETER, choose, spoken, without};

#[cfg(feature = "ssr")]
mod server {
    use axum::extract::Request;
    use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE};
    use axum::http::request::Parts;
    use axum::http::{Method, StatusCode};
    use axum::middleware::Next;
    use axum::response::{IntoResponse, Response};
    use leptos::prelude::{provide_context, use_context};
    use metering::language::{self, Language};

    /// In an address and in a cookie alike.
    pub(crate) const PARAMETER: &str = "lang";

    const YEAR_S: u32 = 31_536_000;

    /// Whoever asks for a page in a language is sent to it by its own address, and the choice is remembered: so links that are
    /// passed on say nothing of it.
    pub(crate) async fn choose(request: Request, next: Next) -> Response {
        let query = request.uri().query().unwrap_or_default();
        let chosen = value_of(query, '&').and_then(Language::parse);
        let Some(language) = chosen.filter(|_| request.method() == Method::GET) else {
            return next.run(request).await;
        };
        // Two slashes would begin the name of a host.
        let path = request.uri().path().trim_start_matches('/');
        let kept = without(query);
        let to = if kept.is_empty() { format!("/{path}") } else { format!("/{path}?{kept}") };
        let cookie = format!("{PARAMETER}={}; path=/; max-age={YEAR_S}; samesite=lax", language.code());
        let headers = [(LOCATION, to), (SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())];
        (StatusCode::SEE_OTHER, headers).into_response()
    }

    /// The fields of an address's query but for the language.
    pub(crate) fn without(query: &str) -> String {
        let is_kept = |field: &&str| !field.is_empty() && field.split('=').next() != Some(PARAMETER);
        query.split('&').filter(is_kept).collect::<Vec<_>>().join("&")
    }

    /// Finds out in which language the reader of this request is spoken to.
    pub(crate) fn spoken() {
        language::is_known_by(|| use_context::<Language>().unwrap_or_default());
        let Some(parts) = use_context::<Parts>() else { return };
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let chosen = || value_of(header(COOKIE)?, ';').and_then(Language::parse);
        let asked_for = || Language::preferred(header(ACCEPT_LANGUAGE)?);
        provide_context(chosen().or_else(asked_for).unwrap_or_default());
    }

    /// The value of the field of that name among `name=value`s.
    fn value_of(fields: &str, between: char) -> Option<&str> {
        fields.split(between).find_map(|field| field.trim().strip_prefix(PARAMETER)?.strip_prefix('='))
    }

    #[cfg(test)]
    mod tests {
        use super::{value_of, without};

        #[test]
        fn it_is_one_field_of_many() {
            assert_eq!(value_of("theme=dark; lang=pl", ';'), Some("pl"));
            assert_eq!(value_of("area=E09000012&lang=en&z=1", '&'), Some("en"));
            assert_eq!(without("area=E09000012&lang=en&z=1"), "area=E09000012&z=1");
            assert_eq!(
                (value_of("slang=pl", '&'), value_of("language=pl", '&'), value_of("", '&')),
                (None, None, None)
            );
        }
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::document;

    /// Speaks as the document that the program is of.
    pub fn speak_as_the_page() {
        let tag = document().document_element().and_then(|root| root.get_attribute("lang"));
        metering::language::is_always(tag.as_deref());
    }
}
