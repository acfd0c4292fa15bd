//! Tables for spreadsheets (RFC 4180).

/// A field. What a spreadsheet would take for a formula begins with a quotation mark of its own.
pub(crate) fn quoted(text: &str) -> String {
    let harmless = match text.starts_with(['=', '+', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match harmless.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", harmless.replace('"', "\"\"")),
        false => harmless,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(quoted("Barking, north"), "\"Barking, north\"");
        assert_eq!(quoted("St \"John\""), "\"St \"\"John\"\"\"");
        assert_eq!(quoted("Camden 001"), "Camden 001");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
