// Behaviour that HTML has no element for. Everything is delegated from document, so that
// parts swapped in by htmx work too, and every page works without this file.

const byId = (id) => document.getElementById(id);
const closest = (event, selector) =>
  event.target instanceof Element ? event.target.closest(selector) : null;
const inField = (element) =>
  element instanceof Element && element.matches("input, textarea, select, [contenteditable]");

/** Say something once to screen readers. */
function announce(words) {
  const region = byId("announcer");
  if (!region) return;
  region.textContent = "";
  setTimeout(() => { region.textContent = words; }, 50);
}

// --- copy: [data-copy=id of a field] ---
async function copy(button) {
  const field = byId(button.dataset.copy);
  if (!field) return;
  const text = "value" in field ? field.value : field.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Plain http has no clipboard API: select, and let the old command copy.
    selectAll(field);
    if (!document.execCommand("copy")) return;
  }
  showCopied(button);
}

function selectAll(field) {
  if (typeof field.select === "function") {
    field.focus();
    field.select();
  } else {
    getSelection().selectAllChildren(field);
  }
}

function showCopied(button) {
  const label = button.querySelector("[data-copy-label]") ?? button;
  const copied = byId("announcer")?.dataset.copied ?? "Copied";
  announce(copied);
  if (button.dataset.done !== undefined) return;
  const before = label.textContent;
  button.dataset.done = "";
  label.textContent = copied;
  setTimeout(() => {
    delete button.dataset.done;
    label.textContent = before;
  }, 2000);
}

// --- one's own secret input: [data-reveal=id] ---
function reveal(button) {
  const field = byId(button.dataset.reveal);
  if (!field) return;
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
  button.querySelector("[data-off]")?.toggleAttribute("hidden", show);
  button.querySelector("[data-on]")?.toggleAttribute("hidden", !show);
}

// --- menus: details[data-menu] close on Escape, outside clicks and focus leaving ---
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

// --- theme: applies at once, and tells the server ---
async function chooseTheme(event, form) {
  const choice = event.submitter?.value;
  if (!choice) return;
  event.preventDefault();
  document.documentElement.dataset.theme = choice;
  document.dispatchEvent(new Event("sb:theme"));
  for (const button of form.querySelectorAll("[name=theme]")) {
    if (button.value === choice) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  for (const icon of document.querySelectorAll("[data-theme-icon]")) {
    icon.hidden = icon.dataset.themeIcon !== choice;
  }
  closeMenus();
  const body = new FormData(form, event.submitter);
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
}

// --- a page with errors: read the summary first, then follow its links ---
document.getElementById("problems")?.focus();

// --- toasts: successes only; five seconds, not while pointed at or focused ---
const SHOWN = 3;
export function toast(words) {
  const stack = byId("toasts");
  if (!stack) return;
  const note = document.createElement("div");
  note.className = "sb-notice";
  note.dataset.tone = "ok";
  note.textContent = words;
  while (stack.children.length >= SHOWN) stack.firstElementChild.remove();
  stack.append(note);
  leaveAfter(note, 5000);
}

function leaveAfter(note, wait) {
  let timer = setTimeout(() => note.remove(), wait);
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("pointerleave", () => {
    timer = setTimeout(() => note.remove(), wait);
  });
}

// --- a part of a page that could not be fetched: said in place, once ---
function complain() {
  const place = byId("messages");
  if (!place || place.querySelector("[data-unreachable]")) return;
  const note = document.createElement("div");
  note.className = "sb-notice";
  note.dataset.tone = "bad";
  note.dataset.unreachable = "";
  note.setAttribute("role", "alert");
  note.textContent = byId("announcer")?.dataset.failed ?? "";
  place.append(note);
}
document.addEventListener("htmx:responseError", complain);
document.addEventListener("htmx:sendError", complain);
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful) document.querySelector("[data-unreachable]")?.remove();
});

// The server asks for a toast with the header HX-Trigger: {"sb:toast": "words"}.
document.addEventListener("sb:toast", (event) => toast(event.detail?.value ?? event.detail));

// --- unsaved changes: form[data-guard] ---
const changed = new Set();
document.addEventListener("input", (event) => {
  const form = closest(event, "form[data-guard]");
  if (form) changed.add(form);
});
document.addEventListener("submit", (event) => changed.delete(event.target));
document.addEventListener("sb:saved", () => changed.clear());
addEventListener("beforeunload", (event) => {
  if ([...changed].some((form) => form.isConnected)) event.preventDefault();
});

// --- counters: [data-count=id of a field] shows "12/100", by characters and not by units ---
function count(field) {
  for (const output of document.querySelectorAll(`[data-count="${CSS.escape(field.id)}"]`)) {
    const limit = output.dataset.limit ?? field.maxLength;
    output.textContent = `${[...field.value].length}/${limit}`;
  }
}

// --- tri-state boxes: [data-tree] holds checkboxes with data-parent = the parent's value ---
const children = (tree, value) =>
  tree.querySelectorAll(`input[type=checkbox][data-parent="${CSS.escape(value)}"]`);

/** Set the boxes below one; a ticked department covers all that is under it. */
function spreadDown(tree, box, done = new Set()) {
  if (done.has(box.value)) return; // a department may stand below itself
  done.add(box.value);
  for (const child of children(tree, box.value)) {
    child.checked = box.checked;
    child.indeterminate = false;
    spreadDown(tree, child, done);
  }
}

/** Work out the boxes above one from their children. */
function spreadUp(tree, box) {
  const parent = tree.querySelector(
    `input[type=checkbox][value="${CSS.escape(box.dataset.parent ?? "")}"]`,
  );
  if (!parent) return;
  const boxes = [...children(tree, parent.value)];
  const some = boxes.some((child) => child.checked || child.indeterminate);
  if (!boxes.every((child) => child.checked)) parent.checked = false;
  parent.indeterminate = some && !parent.checked;
  spreadUp(tree, parent);
}

/** After a branch arrived: what hangs under a ticked department is ticked. */
function settleTree(tree) {
  for (const box of tree.querySelectorAll("input[type=checkbox]:checked")) spreadDown(tree, box);
  for (const box of tree.querySelectorAll("input[type=checkbox]:checked")) spreadUp(tree, box);
}

// --- keys of [role=tree]: W3C APG, roving tabindex ---
const itemsOf = (tree) =>
  [...tree.querySelectorAll("[role=treeitem]")].filter((item) => item.checkVisibility());

function focusItem(tree, item) {
  if (!item) return;
  for (const other of tree.querySelectorAll('[role=treeitem][tabindex="0"]')) other.tabIndex = -1;
  item.tabIndex = 0;
  item.focus();
}

/** The control that opens or closes an item: [data-toggle], else its own details. */
function toggleItem(item) {
  (item.querySelector("[data-toggle]") ?? item.querySelector("summary"))?.click();
}

function treeKey(event, tree) {
  const item = closest(event, "[role=treeitem]");
  if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
  const items = itemsOf(tree);
  const here = items.indexOf(item);
  const open = item.getAttribute("aria-expanded");
  const parent = item.parentElement.closest("[role=treeitem]");
  const keys = {
    ArrowDown: () => focusItem(tree, items[here + 1]),
    ArrowUp: () => focusItem(tree, items[here - 1]),
    Home: () => focusItem(tree, items[0]),
    End: () => focusItem(tree, items.at(-1)),
    ArrowRight: () => {
      if (open === "false") toggleItem(item);
      else if (open === "true") focusItem(tree, item.querySelector("[role=treeitem]"));
    },
    ArrowLeft: () => (open === "true" ? toggleItem(item) : focusItem(tree, parent)),
    Enter: () => item.querySelector("a[href]")?.click(),
    " ": () => item.querySelector("a[href]")?.click(),
  };
  const typing = event.key === " " && typed !== "" && Date.now() - typedAt < PAUSE;
  if (keys[event.key] && !typing) {
    keys[event.key]();
  } else if (event.key === "*") {
    item.dispatchEvent(new Event("sb:open-siblings", { bubbles: true }));
  } else if (event.key.length === 1) {
    typeAhead(tree, items, here, event.key);
  } else {
    return;
  }
  event.preventDefault();
}

// Letters find an item by its name, or by the sound of a Chinese one; the same letter
// again goes on to the next.
const PAUSE = 700;
let typed = "";
let typedAt = 0;
function typeAhead(tree, items, here, key) {
  typed = Date.now() - typedAt < PAUSE ? typed + key : key;
  typedAt = Date.now();
  const same = [...typed].every((sign) => sign === typed[0]);
  const wanted = (same ? typed[0] : typed).toLocaleLowerCase();
  const rest = [...items.slice(here + (same ? 1 : 0)), ...items.slice(0, here + 1)];
  const names = (item) => [
    (item.dataset.name ?? item.textContent).trim().toLocaleLowerCase(),
    ...(item.dataset.sound ?? "").split(" "),
  ];
  focusItem(tree, rest.find((item) => names(item).some((name) => name.startsWith(wanted))));
}

// --- where the events go ---
document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const copying = closest(event, "[data-copy]");
  if (copying) copy(copying);
  const revealing = closest(event, "[data-reveal]");
  if (revealing) reveal(revealing);
  if (closest(event, "[data-print]")) print();
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-theme-form]")) chooseTheme(event, event.target);
});

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.id) count(field);
});

document.addEventListener("change", (event) => {
  const tree = closest(event, "[data-tree]");
  if (!tree || event.target.type !== "checkbox") return;
  spreadDown(tree, event.target);
  spreadUp(tree, event.target);
  tree.dispatchEvent(new Event("sb:tree", { bubbles: true }));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = closest(event, "details[data-menu][open]");
    closeMenus();
    menu?.querySelector("summary")?.focus();
  }
  const tree = closest(event, "[role=tree]");
  if (tree && !inField(event.target)) return treeKey(event, tree);
  if (event.key === "/" && !inField(event.target) && !event.ctrlKey && !event.metaKey) {
    const search = byId("sb-search");
    if (search) event.preventDefault();
    search?.focus();
  }
});

document.addEventListener("focusout", (event) => {
  const menu = closest(event, "details[data-menu][open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});

/** Bring what the server sent into its first state: a page, or a part that htmx swapped in. */
function settle(root) {
  for (const output of root.querySelectorAll("[data-count]")) {
    const field = byId(output.dataset.count);
    if (field) count(field);
  }
  const tree = root.closest?.("[data-tree]");
  for (const each of tree ? [tree] : root.querySelectorAll("[data-tree]")) settleTree(each);
  for (const each of root.querySelectorAll("[role=tree]")) {
    if (each.querySelector('[role=treeitem][tabindex="0"]')) continue;
    const first = each.querySelector('[role=treeitem][aria-selected="true"], [role=treeitem]');
    if (first) first.tabIndex = 0;
  }
}
settle(document);
document.addEventListener("htmx:afterSettle", (event) => settle(event.target));
