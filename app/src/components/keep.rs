//! How a page is kept or passed on: as files, on paper, or by its link.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::words;

/// What the two buttons do; without scripts they are not shown.
const BUTTONS: &str = "\
    const keep = document.querySelector('.keep');\n\
    const said = keep.querySelector('[role=status]');\n\
    keep.querySelectorAll('button').forEach((button) => { button.hidden = false; });\n\
    keep.querySelector('.print').addEventListener('click', () => print());\n\
    keep.querySelector('.copy').addEventListener('click', async () => {\n\
      try { await navigator.clipboard.writeText(location.href); said.textContent = said.dataset.copied; }\n\
      catch { said.textContent = said.dataset.failed; }\n\
    });";

/// Links to files of what the page shows, and buttons to print it and to copy its link.
#[component]
pub(crate) fn Keep(
    /// The files: what they are, and where.
    files: Vec<(&'static str, String)>,
) -> impl IntoView {
    let files =
        files.into_iter().map(|(text, href)| view! { <a href=href download="">{text}</a> }).collect_view();
    view! {
        <div class="keep links" role="group" aria-label=words::keep_label()>
            {files}
            <button type="button" class="print" hidden>{words::keep_print()}</button>
            <button type="button" class="copy" hidden>{words::keep_copy()}</button>
            <span role="status" data-copied=words::shared() data-failed=words::share_failed()></span>
        </div>
        <script type="module" nonce=use_nonce() inner_html=BUTTONS></script>
    }
    .into_any()
}
