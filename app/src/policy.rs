//! What a page may load and run: its content security policy.

/// The policy of a page whose scripts and style elements carry this nonce. Nothing comes from elsewhere,
/// but for the operator's map tiles, if there are any.
pub(crate) fn policy(nonce: &str, tile_url: Option<&str>) -> String {
    let tiles = tile_url.and_then(origin).map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data:{tiles}; font-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The origin of a tile template: `https://{s}.tiles.example/{z}/..` is `https://*.tiles.example`. None
/// where the tiles are the site's own, or where it would say more than an origin.
fn origin(template: &str) -> Option<String> {
    let (scheme, rest) =
        template.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let host = rest.split('/').next()?.replace("{s}", "*");
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:*".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_let_in_by_origin() {
        let check =
            |template, expect: Option<&str>| assert_eq!(origin(template).as_deref(), expect, "{template}");
        check("https://tiles.example/{z}/{x}/{y}.png", Some("https://tiles.example"));
        check("https://{s}.tiles.example:8443/{z}/{x}/{y}.png", Some("https://*.tiles.example:8443"));
        check("/tiles/{z}/{x}/{y}.png", None);
        check("https://a; script-src *", None);
        check("javascript://x", None);
    }

    #[test]
    fn the_policy_has_the_nonce_where_it_is_needed() {
        let policy = policy("abc", Some("https://tiles.example/{z}.png"));
        assert_eq!(policy.matches("'nonce-abc'").count(), 2);
        assert!(policy.contains("img-src 'self' data: https://tiles.example;"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    }
}
