"use strict";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const printing = window.matchMedia("print");

function colors() {
  const night = dark.matches && !printing.matches;
  return {
    series: night ? palettes.dark : palettes.light,
    ink: night ? "#e8eaed" : "#1c1f23",
    grid: night ? "#343a41" : "#e3e6ea",
    ground: night ? "#1b1f23" : "#ffffff",
  };
}

function faint(color) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  return `rgba(${r},${g},${b},0.18)`;
}

function dressed(figure) {
  const now = colors();
  const copy = JSON.parse(JSON.stringify(figure));
  for (const trace of copy.data) {
    const color = now.series[(trace.meta ? trace.meta.color : 0) % now.series.length];
    if (trace.marker) trace.marker.color = color;
    if (trace.line && trace.line.width !== 0) trace.line.color = color;
    if (trace.fill) trace.fillcolor = faint(color);
  }
  const layout = copy.layout;
  layout.font.color = now.ink;
  layout.hoverlabel = { ...layout.hoverlabel, bgcolor: now.ground, bordercolor: now.grid, font: { color: now.ink } };
  for (const axis of ["xaxis", "yaxis", "yaxis2"]) {
    if (layout[axis]) Object.assign(layout[axis], { gridcolor: now.grid, linecolor: now.grid, tickcolor: now.grid });
  }
  if (window.innerWidth < 640) layout.legend.font.size = 10;
  return copy;
}

function draw() {
  for (const [key, figure] of Object.entries(charts)) {
    const { data, layout } = dressed(figure);
    Plotly.react(`chart-${key}`, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }
}

// A line of a tooltip no longer than a phone is wide.
for (const figure of Object.values(charts)) {
  for (const trace of figure.data) {
    if (!Array.isArray(trace.text)) continue;
    trace.text = trace.text.map((text) => String(text).replace(/(.{1,56})(\s+|$)/g, "$1<br>").replace(/<br>$/, ""));
  }
}
draw();
dark.addEventListener("change", draw);
printing.addEventListener("change", draw);

const tip = document.getElementById("tip");
function show(event) {
  const cell = event.target.closest("[data-tip]");
  if (!cell) return;
  tip.textContent = cell.dataset.tip;
  tip.hidden = false;
  const box = cell.getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, window.innerWidth - tip.offsetWidth - 8));
  const below = box.bottom + 6 + tip.offsetHeight < window.innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - 6 - tip.offsetHeight)}px`;
}
const hide = () => { tip.hidden = true; };
for (const kind of ["mouseover", "focusin", "click"]) document.addEventListener(kind, show);
for (const kind of ["mouseout", "focusout", "scroll"]) document.addEventListener(kind, hide, { passive: true });
