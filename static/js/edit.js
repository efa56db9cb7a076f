// Edit Identity Source: marks what differs from what is stored, and counts it in the bar.
// The server says the same when the form comes back; the page works without this file.

const form = document.querySelector("form[data-edit]");
const counter = form.querySelector("[data-changes]");
const button = form.querySelector("[data-save]");
const marks = [...form.querySelectorAll("[data-was]")];

/** A field's value as it would be sent, "" for a switch that is off. */
function present(name) {
  const field = form.elements[name];
  if (field.type === "checkbox") return field.checked ? "on" : "";
  return field.value.normalize("NFC").trim();
}

function compare() {
  const changed = marks.filter((mark) => {
    mark.hidden = present(mark.dataset.was) === mark.dataset.stored;
    return !mark.hidden;
  });
  const words = [counter.dataset.none, counter.dataset.one][changed.length];
  counter.textContent = words ?? counter.dataset.many.replace("#", changed.length);
  const retest = changed.some((mark) => "tested" in mark.dataset);
  button.textContent = retest ? button.dataset.test : button.dataset.save;
}

form.addEventListener("input", compare);
document.addEventListener("change", compare);
form.querySelector("[data-discard]").addEventListener("click", () => {
  document.dispatchEvent(new Event("sb:saved")); // it says that the changes go
});
compare();
