// The tree of departments: opens branches in place, and keeps step with the right side.
// Keys are console.js's; without script every name is a link that opens its branch.

const trees = () => document.querySelectorAll("[data-org-tree]");
const itemOf = (element) => element.closest("[role=treeitem]");
const keyOf = (item) => item.id.replace("dept-", "");
const groupOf = (item) => item.querySelector(":scope > [role=group]");

function show(item, open) {
  item.setAttribute("aria-expanded", String(open));
  groupOf(item).hidden = !open;
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
      if (selected && !tree.contains(document.activeElement)) {
        for (const other of tree.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
        item.tabIndex = 0;
      }
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
  for (const other of item.closest("[role=tree]").querySelectorAll('[tabindex="0"]')) {
    other.tabIndex = -1;
  }
  item.tabIndex = 0;
  if (item.getAttribute("aria-expanded") === "false") toggle(item);
});

document.addEventListener("htmx:afterSettle", (event) => {
  const pane = event.target.closest?.("#pane");
  if (pane) {
    follow(pane);
    keepFocus(pane);
  }
  trees().forEach(settle);
});
document.addEventListener("htmx:historyRestore", () => trees().forEach(settle));
trees().forEach(settle);
