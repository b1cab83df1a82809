/** Light or dark: the system's choice until somebody chooses in this browser. Gradio reads the class `dark` of the body. */

const KEY = "annotator:theme";

/** @returns {"light" | "dark" | null} null: follow the system */
export function chosenTheme() {
  const theme = localStorage.getItem(KEY);
  return theme === "light" || theme === "dark" ? theme : null;
}

export const isDark = () => (chosenTheme() ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

export function applyTheme() {
  document.body.classList.toggle("dark", isDark());
}

/** @param {"light" | "dark"} theme */
export function setTheme(theme) {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  if (theme === system) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  applyTheme();
}
