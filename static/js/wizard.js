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
const entryOf = (id) => all("li", list).find((item) => item.dataset.id === id);

function isTopmost(box) {
  return box.checked && !(box.dataset.parent && boxOf(box.dataset.parent)?.checked);
}

/** The boxes above one, the top first. */
function boxesAbove(box) {
  const found = [];
  for (let up = boxOf(box.dataset.parent); box.dataset.parent && up; up = boxOf(up.dataset.parent)) {
    found.unshift(up);
  }
  return found;
}

/** An entry of the chosen list; `sent`: no box of the tree speaks for it. */
function entry({ id, name, way, above, size }, sent) {
  const item = picker.querySelector("[data-mould]").content.firstElementChild.cloneNode(true);
  const remove = item.querySelector("[name=drop]");
  const label = item.querySelector("[type=hidden]");
  item.dataset.id = remove.value = id;
  item.dataset.above = above;
  item.querySelector("[data-name]").textContent = label.value = name;
  item.querySelector("[data-way]").textContent = way;
  item.querySelector("[data-size]").textContent = size;
  remove.setAttribute("aria-label", `${remove.getAttribute("aria-label").trim()} ${name}`);
  label.name = `name.${id}`;
  if (sent) item.append(Object.assign(label.cloneNode(), { name: "departments", value: id }));
  return item;
}

function entryOfBox(box) {
  const up = boxesAbove(box);
  const above = up.map((one) => one.value).join(" ");
  const way = up.map((one) => one.dataset.name).join(" › ");
  const { name, size } = box.dataset;
  return entry({ id: box.value, name, way, above, size }, false);
}

/**
 * Branches that arrived take over what the list holds for them. The list decides, and not
 * what is stored: an entry may be gone from it since.
 */
const settled = new WeakSet();
function adopt(arrived = true) {
  for (const box of boxes()) {
    if (arrived && !settled.has(box)) box.checked = Boolean(entryOf(box.value));
    settled.add(box);
  }
  for (const item of all("li", list)) {
    const own = item.querySelector("[name=departments]");
    const box = boxOf(item.dataset.id);
    if (!box || !own) continue;
    box.checked = true;
    own.remove();
  }
}

const above = (item) => item.dataset.above.trim().split(" ").filter(Boolean);

function showChosen() {
  for (const item of all("li", list)) {
    const box = boxOf(item.dataset.id);
    const covered = above(item).some((id) => boxOf(id)?.checked || entryOf(id));
    if (covered || (box && !isTopmost(box))) item.remove();
  }
  for (const box of boxes().filter(isTopmost)) {
    if (!entryOf(box.value)) list.append(entryOfBox(box));
  }
  showPartly();
  showHits();
  picker.querySelector("[data-chosen-count]").textContent = list.children.length;
  picker.querySelector("[data-chosen-empty]").hidden = list.children.length > 0;
}

/** A box above a chosen department is neither on nor off. */
function showPartly() {
  const covering = new Set(all("li", list).flatMap(above));
  for (const box of boxes()) {
    box.indeterminate = !box.checked && covering.has(box.value);
    box.parentElement.querySelector("[data-partly]").hidden = !box.indeterminate;
  }
}

/** What was found and is chosen says so. */
function showHits() {
  for (const hit of all("[data-hit]", picker)) {
    const button = hit.querySelector("[name=choose]");
    if (!button) continue;
    const included = above({ dataset: hit.dataset }).some((id) => entryOf(id));
    const state = included ? "included" : entryOf(hit.dataset.hit) ? "chosen" : "choose";
    button.setAttribute("aria-disabled", String(state !== "choose"));
    for (const word of all("[data-word]", button)) word.hidden = word.dataset.word !== state;
  }
}

/** Tell whoever listens that the form is another one now. */
function changed() {
  for (const kind of ["input", "change"]) list.dispatchEvent(new Event(kind, { bubbles: true }));
}

function tick(box, on) {
  box.checked = on;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(hit) {
  const box = boxOf(hit.dataset.hit);
  if (box) return tick(box, true);
  const { hit: id, name, way, above: ids, size } = hit.dataset;
  list.append(entry({ id, name, way, above: ids, size }, true));
  changed();
}

function drop(item) {
  const box = boxOf(item.dataset.id);
  const next = item.nextElementSibling ?? item.previousElementSibling;
  (next?.querySelector("button") ?? picker.querySelector(".sb-picker-chosen h3")).focus();
  item.remove();
  if (box) tick(box, false);
  else changed();
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

/** How many people have a value of any source, of those whose record could carry it. */
function share(sample, keys) {
  let having = 0;
  let of = 0;
  for (let person = 0; person < sample.size; person += 1) {
    const marks = keys.map((key) => sample.marks[key]?.[person] ?? "0");
    if (marks.includes("1")) having += 1;
    if (marks.includes("1") || !marks.includes("?")) of += 1;
  }
  return { having, of };
}

function showSample(row, sample) {
  const keys = all("select[data-source]", row).map((select) => select.value).filter(Boolean);
  const found = keys.find((key) => sample.values[key]);
  row.querySelector("[data-sample]").textContent = sample.values[found] ?? "–";
  row.querySelector("[data-second-hand]").hidden = !found || found === keys[0];
  const { having, of } = share(sample, keys);
  const known = keys.length > 0 && of > 0;
  const words = row.closest("[data-of]").dataset.of;
  const filled = known ? `${Math.floor((100 * having) / of)} %` : "–";
  row.querySelector("[data-filled]").textContent = filled;
  row.querySelector("span[data-of]").textContent = known
    ? words.replace("{having}", having).replace("{of}", of)
    : "";
}

function showCostly(row) {
  const selects = all("select[data-source]", row);
  const costly = selects.some((one) => one.selectedOptions[0]?.dataset.detail !== undefined);
  row.querySelector("[data-costly]").hidden = !costly;
}

function showMapping() {
  const sample = live();
  if (sample) addOptions(sample);
  for (const row of all("[data-row]")) {
    showCostly(row);
    if (sample) showSample(row, sample);
  }
  showExtended();
}

/** The list of fields to add shows those that no row has. */
function showExtended() {
  const fields = all("#extended-list [data-key]");
  if (!fields.length) return;
  const used = new Set(all("select[data-source]").map((select) => select.value));
  const left = fields.find((item) => item.contains(document.activeElement));
  for (const item of fields) item.hidden = used.has(item.dataset.key);
  const shown = fields.filter((item) => !item.hidden);
  byId("extended-list").querySelector("[data-nothing]").hidden = shown.length > 0;
  if (!left?.hidden) return;
  // The focus goes on to what is next, so that keys do not start at the top again.
  const next = shown.find((item) => left.compareDocumentPosition(item) & 4) ?? shown.at(-1);
  (next ?? left.closest("#extended"))?.querySelector("button")?.focus();
}

// --- where the events go ---
document.addEventListener("input", ({ target }) => {
  if (target.id === "id_description") preview();
  if (target.pattern) checkPattern(target);
});

document.addEventListener("change", ({ target }) => {
  if (target.id === "id_auto_sync") syncSwitches();
  if (target.matches("select[data-source]")) showMapping();
  if (target === list) showChosen();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-hit] [name=choose], [data-chosen] [name=drop]");
  if (!button || !list) return;
  event.preventDefault();
  if (!button.closest("[data-hit]")) drop(button.closest("li"));
  else if (button.getAttribute("aria-disabled") !== "true") choose(button.closest("[data-hit]"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.dataset?.seek === undefined) return;
  event.preventDefault(); // the form's own Enter confirms
  event.target.dispatchEvent(new Event("sb:seek"));
});

if (list) {
  picker.addEventListener("sb:tree", showChosen);
  document.addEventListener("htmx:afterSwap", () => adopt());
}
document.addEventListener("htmx:afterSettle", () => {
  if (list) showChosen();
  showMapping();
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
// Without script a button of the form reads the departments.
for (const part of all("[data-scripted]")) part.hidden = false;
// Without script the button brings the list as a part of the page.
for (const button of all("[data-popover]")) {
  if (!byId(button.dataset.popover)?.hasAttribute("popover")) continue;
  button.type = "button";
  button.setAttribute("popovertarget", button.dataset.popover);
}
syncSwitches();
preview();
if (list) {
  adopt(false);
  showChosen();
}
showMapping();
