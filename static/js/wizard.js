// What the wizard's pages do beyond HTML. Every page works without this file.

const byId = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const NARROW = matchMedia("(max-width: 1099.98px)");

// --- the card beside the form follows the focused field ---
const card = document.querySelector("[data-guide-card]");

function guide(field) {
  const parts = all("[data-guide]", card ?? document.createElement("div"));
  const wanted = parts.find((part) => part.dataset.guide.split(" ").includes(field));
  if (!wanted) return;
  for (const part of parts) part.hidden = part !== wanted;
}

document.addEventListener("focusin", (event) => {
  const field = event.target.closest?.("[data-field]");
  if (card && field) guide(event.target.name || field.dataset.field);
});

// --- the basic form ---
function syncSwitches() {
  const automatic = byId("id_auto_sync");
  const people = byId("id_sync_users");
  if (!automatic || !people) return;
  if (!automatic.checked) people.checked = false;
  people.disabled = !automatic.checked;
}

function preview() {
  const words = document.querySelector("[data-preview-words]");
  const field = byId("id_description");
  if (words && field) words.textContent = field.value || field.placeholder;
}

function checkPattern(field) {
  const wrong = field.value !== "" && !field.checkValidity();
  field.classList.toggle("is-invalid", wrong);
  field.toggleAttribute("aria-invalid", wrong);
}

// --- the department picker: one input per chosen department ---
const picker = document.querySelector("[data-picker]");
const list = picker?.querySelector("[data-chosen]");
const boxOf = (id) => picker.querySelector(`[data-tree] [value="${CSS.escape(id)}"]`);
const boxes = () => all("[data-tree] input[name=departments]", picker);

function isTopmost(box) {
  return box.checked && !(box.dataset.parent && boxOf(box.dataset.parent)?.checked);
}

/** An entry of the chosen list for a department whose box is in the tree. */
function entry(box) {
  const item = document.createElement("li");
  const label = document.createElement("label");
  const name = document.createElement("span");
  const remove = document.createElement("span");
  const kept = document.createElement("input");
  item.dataset.id = box.value;
  label.htmlFor = box.id;
  name.textContent = box.dataset.name;
  remove.textContent = list.dataset.remove;
  remove.className = "sb-link";
  kept.type = "hidden";
  kept.name = `name.${box.value}`;
  kept.value = box.dataset.name;
  label.append(name, remove);
  item.append(label, kept);
  return item;
}

/** Branches that arrived take over what the list held for them. */
function adopt() {
  for (const item of all("li", list)) {
    const own = item.querySelector("[name=departments]");
    const box = boxOf(item.dataset.id);
    if (!box || !own) continue;
    box.checked = own.checked;
    item.remove();
    list.append(entry(box));
  }
  for (const box of boxes()) {
    if (box.dataset.partly !== undefined && !box.checked) box.indeterminate = true;
  }
}

function showChosen() {
  for (const item of all("li", list)) {
    if (boxOf(item.dataset.id)) item.remove();
  }
  list.append(...boxes().filter(isTopmost).map(entry));
  const off = all("[name=departments]:not(:checked)", list).length;
  const count = list.children.length - off;
  picker.querySelector("[data-chosen-count]").textContent = count;
  picker.querySelector("[data-chosen-empty]").hidden = list.children.length > 0;
}

// --- the mapping table shows the sample of what is chosen ---
function live() {
  const node = byId("live-sample");
  return node ? JSON.parse(node.textContent) : null;
}

function addOptions(sample) {
  for (const select of all("select[data-source]")) {
    const known = new Set([...select.options].map((option) => option.value));
    for (const key of sample.custom) {
      if (!known.has(key)) select.add(new Option(key.slice(key.indexOf(".") + 1), key));
    }
  }
}

function showSample(row, sample) {
  const [first, second] = all("select[data-source]", row).map((select) => select.value);
  const shown = sample.person[first] || sample.person[second] || "–";
  row.querySelector("[data-sample]").textContent = shown;
  const filled = first && sample.size ? `${sample.filled[first] ?? 0} %` : "–";
  row.querySelector("[data-filled]").textContent = filled;
}

function showSamples() {
  const sample = live();
  if (!sample) return;
  addOptions(sample);
  for (const row of all("[data-row]")) showSample(row, sample);
}

function takeOut(item) {
  // The focus goes on to what is next, so that keys do not start at the top again.
  const next = item?.nextElementSibling ?? item?.previousElementSibling;
  const stop = next?.querySelector("button") ?? item?.closest("[popover]")?.querySelector("button");
  if (item?.contains(document.activeElement)) stop?.focus();
  item?.remove();
}

// --- where the events go ---
document.addEventListener("input", ({ target }) => {
  if (target.id === "id_description") preview();
  if (target.pattern) checkPattern(target);
});

document.addEventListener("change", ({ target }) => {
  if (target.id === "id_auto_sync") syncSwitches();
  if (target.matches("select[data-source]")) showSamples();
  if (list?.contains(target)) showChosen();
});

if (list) {
  picker.addEventListener("sb:tree", showChosen);
  document.addEventListener("htmx:afterSwap", adopt);
}
document.addEventListener("htmx:afterSettle", () => {
  if (list) showChosen();
  showSamples();
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.elt.name === "add") takeOut(detail.elt.closest("li"));
});

// A browser with script watches the test; without it the answer waits for the result.
for (const field of all("[data-wizard] [name=live]")) field.value = "1";
function foldGuide() {
  card.open = !NARROW.matches;
}
if (card) {
  foldGuide();
  NARROW.addEventListener("change", foldGuide);
  guide(all("[data-guide]", card)[0]?.dataset.guide.split(" ")[0]);
}
syncSwitches();
preview();
if (list) adopt();
showSamples();
