// The tree of departments: opens branches in place, and keeps step with the right side.
// Keys are console.js's; without script every name is a link that opens its branch.

const trees = () => document.querySelectorAll("[data-org-tree]");
const itemOf = (element) => element.closest("[role=treeitem]");
const keyOf = (item) => item.id.replace("dept-", "");
const groupOf = (item) => item.querySelector(":scope > [role=group]");

function show(item, open) {
  const group = groupOf(item);
  // What is hidden can hold neither the focus nor the tree's one tab stop.
  if (!open && group.contains(document.activeElement)) item.focus();
  if (!open && group.querySelector('[tabindex="0"]')) stopAt(item);
  item.setAttribute("aria-expanded", String(open));
  group.hidden = !open;
}

/** Make an item the one that Tab reaches. */
function stopAt(item) {
  const tree = item.closest("[role=tree]");
  for (const other of tree.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  item.tabIndex = 0;
}

/** Open or close an item; a branch that is not here yet is fetched. */
async function toggle(item) {
  const group = groupOf(item);
  if (!group) return;
  const open = item.getAttribute("aria-expanded") !== "true";
  show(item, open);
  if (!open || group.childElementCount || group.ariaBusy) return;
  group.ariaBusy = "true";
  try {
    const address = `${item.closest("[data-org-tree]").dataset.orgTree}&under=${keyOf(item)}`;
    await htmx.ajax("GET", address, { source: group, target: group, swap: "innerHTML" });
  } catch {
    // The page says in place what could not be fetched; the branch can be tried again.
  } finally {
    group.ariaBusy = null;
    if (!group.childElementCount) show(item, false);
  }
}

const AT_ONCE = 500;

/** Open an item and its siblings, with one request for those that are not here yet. */
async function openSiblings(item) {
  const tree = item.closest("[data-org-tree]");
  const closed = [...item.parentElement.children].filter(
    (one) => one.getAttribute("aria-expanded") === "false",
  );
  const absent = closed.filter((one) => !groupOf(one).childElementCount);
  const more = absent.reduce((sum, one) => sum + Number(one.dataset.children), 0);
  const note = document.querySelector("[data-tree-note]");
  note.textContent = more > AT_ONCE ? note.dataset.treeNote : "";
  if (more > AT_ONCE) return;
  if (absent.length) {
    const address = `${tree.dataset.branches}&of=${absent.map(keyOf).join(",")}`;
    await htmx.ajax("GET", address, { source: tree, target: tree, swap: "none" });
  }
  for (const one of closed) show(one, groupOf(one).childElementCount > 0);
}

/** The item, and no link in it, is what Tab reaches. */
function settle(tree) {
  for (const link of tree.querySelectorAll("a")) link.tabIndex = -1;
  const items = [...tree.querySelectorAll("[role=treeitem]")];
  if (items.some((item) => item.tabIndex === 0)) return;
  const first = items.find((item) => item.ariaSelected === "true") ?? items[0];
  if (first) first.tabIndex = 0;
}

/** Select in the tree what the right side shows. */
function follow(pane) {
  const chosen = pane.querySelector("[data-pane-department]")?.dataset.paneDepartment;
  for (const tree of trees()) {
    for (const item of tree.querySelectorAll("[role=treeitem]")) {
      const selected = Boolean(chosen) && keyOf(item) === chosen;
      item.setAttribute("aria-selected", String(selected));
      if (selected && !tree.contains(document.activeElement)) stopAt(item);
    }
  }
}

/** Whoever used a link that the answer replaced goes on at the new heading. */
function keepFocus(pane) {
  if (document.activeElement !== document.body) return;
  pane.querySelector("h2")?.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const toggler = event.target.closest?.("[data-org-tree] [data-toggle]");
  if (!toggler || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  toggle(itemOf(toggler));
});

document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-org-tree] .sb-node-name");
  if (!name) return;
  const item = itemOf(name);
  stopAt(item);
  if (item.getAttribute("aria-expanded") === "false") toggle(item);
});

document.addEventListener("sb:open-siblings", (event) => {
  if (event.target.closest("[data-org-tree]")) openSiblings(event.target);
});

// "Show 200 more" is replaced by what it fetched: the focus goes on at the first of it.
let before = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const more = event.detail.target;
  if (!more.matches?.(".sb-node-more")) return;
  before = more.contains(document.activeElement) ? more.previousElementSibling : null;
});

function goOn() {
  const next = before?.nextElementSibling;
  before = null;
  if (!next) return;
  stopAt(next);
  next.focus();
}

// Going back replaces the whole page: who was in the tree stays in it.
let held = "";
document.addEventListener("focusin", (event) => {
  held = event.target.closest("[data-org-tree] [role=treeitem]")?.id ?? "";
});

function takeUp() {
  const item = held && document.getElementById(held);
  if (!item || document.activeElement !== document.body) return;
  stopAt(item);
  item.focus();
}

document.addEventListener("htmx:afterSettle", (event) => {
  const pane = event.target.closest?.("#pane");
  if (pane) {
    follow(pane);
    keepFocus(pane);
  }
  goOn();
  trees().forEach(settle);
});
document.addEventListener("htmx:historyRestore", () => {
  trees().forEach(settle);
  takeUp();
});
trees().forEach(settle);
