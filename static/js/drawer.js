// A click on a person opens the drawer where there is room for it. Enter, a narrow screen
// and no script at all open the person's page, which the link names.

const WIDE = matchMedia("(min-width: 1280px)");
const drawer = () => document.getElementById("drawer");
let opener = "";

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-person]");
  // Without a pointer (detail is 0) it was Enter.
  if (!link || !drawer() || !WIDE.matches || event.detail === 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  opener = link.dataset.person;
  const address = new URL(location.href);
  address.searchParams.set("user", opener);
  link.setAttribute("hx-push-url", "true");
  htmx.ajax("GET", address.pathname + address.search, {
    source: link,
    target: "#drawer",
    swap: "innerHTML show:none",
  });
});

document.addEventListener("keydown", (event) => {
  const field = event.target.matches?.("input, textarea, select");
  if (event.key !== "Escape" || event.defaultPrevented || field) return;
  if (document.querySelector("details[data-menu][open]")) return;
  drawer()?.querySelector("[data-close]")?.click();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "pane") {
    drawer()?.replaceChildren();
  } else if (event.target.id === "drawer") {
    const title = drawer().querySelector("#drawer-title");
    if (title) return opener && title.focus({ preventScroll: true });
    document.querySelector(`a[data-person="${CSS.escape(opener)}"]`)?.focus();
    opener = "";
  }
});
