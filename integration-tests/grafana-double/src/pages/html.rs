//! The frame of every page: title, style and reload.

use crate::name::NAME;

/// A page.
#[derive(Clone, Debug)]
pub(super) struct Page<'a> {
    /// Its title, as text.
    pub(super) title: &'a str,
    /// The path of the list of dashboards, unless this page is the list.
    pub(super) home: Option<&'a str>,
    /// The HTML next to the title.
    pub(super) note: String,
    /// The reload interval in seconds.
    pub(super) refresh: u64,
    /// The content, as HTML.
    pub(super) body: String,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--line:#dcdfe4;--text:#24292e;--quiet:#667;--accent:#1f60c4;--warn:#fff3cd}\
@media(prefers-color-scheme:dark){:root{--back:#111217;--card:#181b1f;--line:#2c3235;--text:#d8d9da;--quiet:#9a9ea4;--accent:#6e9fff;--warn:#4a3c0c}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--back);color:var(--text);font:14px/1.45 system-ui,sans-serif}\
.banner{background:var(--warn);padding:.6rem 1rem;border-bottom:1px solid var(--line)}\
header{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:baseline;padding:.8rem 1rem}\
h1{font-size:1.25rem;margin:0}h2{font-size:1rem;margin:1rem}\
a{color:var(--accent)}\
.quiet{color:var(--quiet)}\
.tag{border:1px solid var(--line);border-radius:3px;padding:0 .4em;font-size:.85em}\
.list{margin:0 1rem;padding-left:1.2rem}\
.grid{display:grid;grid-template-columns:repeat(24,1fr);gap:.6rem;padding:0 1rem 1rem}\
.panel{background:var(--card);border:1px solid var(--line);border-radius:4px;padding:.6rem .8rem;overflow:auto;min-width:0;max-height:26rem}\
.row{grid-column:1/-1;font-weight:600;padding-top:.4rem}\
.panel h2{font-size:.95rem;margin:0 0 .4rem;font-weight:600}\
.big{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;justify-content:center;text-align:center}\
.big div{min-width:0;overflow-wrap:anywhere}\
.big b{display:block;font-size:1.9rem;font-weight:600}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.15rem .8rem .15rem 0;border-bottom:1px solid var(--line)}\
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;padding-right:0}\
svg{display:block;width:100%;height:7rem}\
.dot{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.4em}\
.fault{color:#c4162a;overflow-wrap:anywhere}\
@media(max-width:50rem){.grid{display:block}.panel{margin-bottom:.6rem}}";

impl Page<'_> {
    /// Returns the whole page.
    pub(super) fn to_html(&self) -> String {
        let title = escape(self.title);
        let home = self
            .home
            .map_or(String::new(), |home| format!("<a href=\"{}\">All dashboards</a>", escape(home)));
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta http-equiv=\"refresh\" content=\"{refresh}\">\
             <title>{title} - {NAME}</title><style>{STYLE}</style></head><body>\
             <div class=\"banner\"><strong>This is a test double, not Grafana.</strong> It stands in for Grafana's \
             HTTP API in tests and offline demos. The values are real: Prometheus was asked for them when this page \
             was loaded, which happens every {refresh} s.</div>\
             <header><h1>{title}</h1><span class=\"quiet\">{note}</span>{home}</header>\
             <main>{body}</main></body></html>\n",
            refresh = self.refresh,
            note = self.note,
            body = self.body,
        )
    }
}

/// Escapes a text for HTML, also inside quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(escape("<a href=\"x\">'&'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
    }

    #[test]
    fn every_page_identifies_the_double() {
        let page = Page { title: "<b>", home: None, note: String::new(), refresh: 30, body: String::new() };
        let html = page.to_html();
        assert!(html.contains("This is a test double, not Grafana."));
        assert!(
            html.contains("<h1>&lt;b&gt;</h1>") && !html.contains("http://") && !html.contains("https://")
        );
    }
}
