// A click on a person opens the drawer where there is room for it. Enter, a narrow screen
// and no script at all open the person's page, which the link names.

const WIDE = matchMedia("(min-width: 1280px)");
const drawer = () => document.getElementById("drawer");
const title = () => document.getElementById("drawer-title");
const shown = () => new URL(location.href).searchParams.get("user") ?? "";
let opener = "";
let awaited = null; // The request whose answer belongs into the drawer.

function open(link) {
  const again = opener === link.dataset.person;
  opener = link.dataset.person;
  // The second half of a double click asks for nothing new.
  if (again && awaited) return;
  if (title() && opener === shown()) return title().focus({ preventScroll: true });
  const address = new URL(location.href);
  address.searchParams.set("user", opener);
  link.setAttribute("hx-push-url", "true");
  htmx.ajax("GET", address.pathname + address.search, {
    source: link,
    target: "#drawer",
    swap: "innerHTML show:none",
  });
}

// Of two quick clicks the last one counts, whichever answer comes first.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target.id === "drawer") awaited = event.detail.xhr;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "drawer") return;
  if (event.detail.xhr !== awaited) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr === awaited) awaited = null;
});

/** Whoever was beside the list is gone: the focus goes back to the name in the list. */
function goBack() {
  document.querySelector(`a[data-person="${CSS.escape(opener)}"]`)?.focus();
  opener = "";
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#drawer [data-close]")) opener = shown();
  const link = event.target.closest?.("a[data-person]");
  // Without a pointer (detail is 0) it was Enter.
  if (!link || !drawer() || !WIDE.matches || event.detail === 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open(link);
});

document.addEventListener("keydown", (event) => {
  const field = event.target.matches?.("input, textarea, select");
  if (event.key !== "Escape" || event.defaultPrevented || field || !drawer()) return;
  if (document.querySelector("details[data-menu][open]")) return;
  awaited = null;
  close();
});

/** Just swapped in, the link is still a plain one: htmx takes it over when it settles. */
function close() {
  const settling = drawer().classList.contains("htmx-settling");
  if (settling) drawer().addEventListener("htmx:afterSettle", close, { once: true });
  else drawer().querySelector("[data-close]")?.click();
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "pane" && drawer()) {
    awaited = null;
    drawer().replaceChildren();
  } else if (event.target.id === "drawer") {
    if (!title()) goBack();
    else if (opener) title().focus({ preventScroll: true });
  }
});

document.addEventListener("htmx:historyRestore", () => {
  if (!shown() && document.activeElement === document.body) goBack();
});
