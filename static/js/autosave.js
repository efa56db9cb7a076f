// A draft's fields are stored as they are left. This keeps step 1 true to what was typed
// last: it says what failed, and which fields were changed since the page's version.

const saved = document.querySelector(".sb-saved[data-failed]");
const form = saved.closest("form");
const note = form.elements.touched;

/** A field could not be stored: the time of an earlier one would mislead. */
function notStored() {
  const words = document.createElement("span");
  words.className = "sb-field-error sb-not-saved";
  words.textContent = saved.dataset.failed;
  saved.replaceChildren(words);
}

// What was stored and put back at once looks untouched beside an old version. Names stay
// noted until an answer brings the version that knows of them.
const since = new Set();
const under = new Set();
function write() {
  note.value = [...new Set([...under, ...since])].join(" ");
}

// Before htmx hears of the change and sends the form.
form.addEventListener(
  "change",
  ({ target }) => {
    if (target.name) since.add(target.name);
    write();
  },
  { capture: true },
);

let saving = false;
saved.addEventListener("htmx:beforeRequest", () => {
  saving = true;
  for (const name of since) under.add(name);
  since.clear();
});

saved.addEventListener("htmx:afterRequest", ({ detail }) => {
  saving = false;
  if (detail.successful) under.clear();
  write();
  if (held) form.requestSubmit(held);
});

saved.addEventListener("htmx:responseError", notStored);
saved.addEventListener("htmx:sendError", notStored);

// The whole form must not overtake a field that is still under way.
let held = null;
form.addEventListener("submit", (event) => {
  held = saving ? event.submitter : null;
  if (saving) event.preventDefault();
});
