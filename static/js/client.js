// The client's pages. Everything but the QR code works without this file.

// --- the vendor's page in place: [data-way] holds [data-frame], and a box for it ---
const STALE = 9 * 60 * 1000; // what a page began can be finished for ten minutes
const began = Date.now();
let shown = null; // the open frame, and where it may lead
let leaving = false;

function show(button) {
  const way = button.closest("[data-way]");
  const box = document.getElementById(button.getAttribute("aria-controls"));
  const again = box.hidden;
  hideAll();
  if (!again) return;
  const frame = document.createElement("iframe");
  frame.src = button.dataset.frame;
  frame.title = button.dataset.frameTitle;
  frame.referrerPolicy = "no-referrer";
  box.replaceChildren(frame);
  box.hidden = false;
  button.setAttribute("aria-expanded", "true");
  shown = { frame, way };
  frame.scrollIntoView({ block: "nearest" });
}

function hideAll() {
  for (const box of document.querySelectorAll(".sb-frame")) {
    box.hidden = true;
    box.replaceChildren();
  }
  for (const button of document.querySelectorAll("[data-frame]")) {
    button.setAttribute("aria-expanded", "false");
  }
  for (const note of document.querySelectorAll("[data-frame-failed]")) note.hidden = true;
  shown = null;
}

/** Whether an address is exactly our callback, with any query. */
function isCallback(address, callback) {
  if (typeof address !== "string" || !URL.canParse(address)) return false;
  const { origin, pathname, username, password } = new URL(address);
  return `${origin}${pathname}` === callback && !username && !password;
}

// The vendor's page says how it went: {success, redirectUrl, errorMsg}, maybe twice.
addEventListener("message", (event) => {
  if (!shown || leaving) return;
  const { frame, way } = shown;
  if (event.origin !== way.dataset.origin || event.source !== frame.contentWindow) return;
  const { success, redirectUrl, errorMsg } = event.data ?? {};
  if (success && isCallback(redirectUrl, way.dataset.callback)) {
    leaving = true;
    location.assign(redirectUrl);
  } else if (success || errorMsg) {
    way.querySelector("[data-frame-failed]").hidden = false;
  }
});

for (const button of document.querySelectorAll("[data-frame]")) {
  button.hidden = false;
  button.addEventListener("click", () => show(button));
}

// A page that stood too long, or that the browser kept, begins anew.
if (document.querySelector("[data-way]")) {
  const renew = () => {
    if (!leaving && Date.now() - began >= STALE) location.reload();
  };
  setTimeout(renew, STALE);
  document.addEventListener("visibilitychange", renew);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

// --- what is shown after a while ---
for (const late of document.querySelectorAll("[data-after]")) {
  setTimeout(() => { late.hidden = false; }, Number(late.dataset.after));
}
