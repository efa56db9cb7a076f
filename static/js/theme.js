// Runs before the first paint, so that "as the system" does not flash. Light and dark
// are set by the server; console.js calls apply() again when the choice changes.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.theme;
    const system = dark.matches ? "dark" : "light";
    root.dataset.bsTheme = choice === "light" || choice === "dark" ? choice : system;
  };
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("sb:theme", apply);
})();
