//! `sslmode` and `sslrootcert` out of an address: `tokio_postgres` does not know all that libpq
//! allows there, and refuses an address that has it.

use percent_encoding::percent_decode_str;

/// The TLS options of an address.
#[derive(Default)]
pub(super) struct TlsOptions {
    /// `sslmode`.
    pub(super) mode: Option<String>,
    /// `sslrootcert`.
    pub(super) root_certificates: Option<String>,
}

impl TlsOptions {
    /// Keeps the option if it is one of the two, and says whether it was.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "sslmode" => self.mode = Some(value.to_owned()),
            "sslrootcert" => self.root_certificates = Some(value.to_owned()),
            _ => return false,
        }
        true
    }
}

/// Takes the two options out of an address in either of its forms.
pub(super) fn take(address: &str) -> (String, TlsOptions) {
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        take_from_url(address)
    } else {
        take_from_keywords(address)
    }
}

fn take_from_url(address: &str) -> (String, TlsOptions) {
    let mut tls = TlsOptions::default();
    let Some((front, query)) = address.split_once('?') else {
        return (address.to_owned(), tls);
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            !tls.take(key, &percent_decode_str(value).decode_utf8_lossy())
        })
        .collect();
    let rest = if kept.is_empty() {
        front.to_owned()
    } else {
        format!("{front}?{}", kept.join("&"))
    };
    (rest, tls)
}

fn take_from_keywords(address: &str) -> (String, TlsOptions) {
    let mut tls = TlsOptions::default();
    let mut kept = String::new();
    let mut rest = address.trim_start();
    while !rest.is_empty() {
        let (pair, tail) = rest.split_at(pair_length(rest));
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !tls.take(key.trim(), &unquoted(value.trim())) {
            kept.push_str(pair);
            kept.push(' ');
        }
        rest = tail.trim_start();
    }
    (kept, tls)
}

/// The length of the first `key = value` of a keyword string, quotes and escapes included.
fn pair_length(text: &str) -> usize {
    let Some(equals) = text.find('=') else {
        return text.len();
    };
    let spaces = text[equals + 1..].len() - text[equals + 1..].trim_start().len();
    let start = equals + 1 + spaces;
    let quoted = text[start..].starts_with('\'');
    let mut escaped = false;
    for (at, letter) in text[start..].char_indices().skip(usize::from(quoted)) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return start + at + 1,
            letter if !quoted && letter.is_whitespace() => return start + at,
            _ => {}
        }
    }
    text.len()
}

fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''))
        .unwrap_or(value);
    inner.replace("\\'", "'").replace("\\\\", "\\")
}
