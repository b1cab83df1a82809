/** Two lines through the pointer, for placing box corners. Moved by the compositor: nothing is painted again. */

/** @param {HTMLElement} host */
export function createCrosshair(host) {
  const lines = ["across", "down"].map((way) => {
    const line = document.createElement("i");
    line.className = `surface-crosshair surface-crosshair-${way}`;
    line.hidden = true;
    host.append(line);
    return line;
  });
  const [across, down] = lines;
  let shown = false;
  const hide = () => { for (const line of lines) line.hidden = true; };
  host.addEventListener("pointermove", (event) => {
    if (!shown || across === undefined || down === undefined) return;
    const corner = host.getBoundingClientRect();
    across.style.transform = `translateY(${event.clientY - corner.top}px)`;
    down.style.transform = `translateX(${event.clientX - corner.left}px)`;
    for (const line of lines) line.hidden = false;
  });
  host.addEventListener("pointerleave", hide);
  return {
    /** @param {boolean} on */
    show(on) {
      shown = on;
      if (!on) hide();
    },
  };
}
