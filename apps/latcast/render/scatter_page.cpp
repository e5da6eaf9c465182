#include "render/scatter_page.h"

#include <array>
#include <cstdint>
#include <set>

#include "render/scatter_panel.h"

namespace latcast::cli {
namespace {

// Colours after Okabe and Ito (Color Universal Design, 2008), made darker or lighter where the ground asks for it.
constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--page:#f6f6f3;--card:#fff;--ink:#1d1d1b;--soft:#5b5a56;--line:#e2e1dc;--edge:#b9b8b2;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#e69f00;--c5:#56b4e9;--c6:#5c5200;--c7:#111;--none:#a8a7a1}
@media (prefers-color-scheme:dark){:root{--page:#141413;--card:#1e1e1d;--ink:#f0efec;--soft:#aeada7;--line:#343431;
--edge:#5c5b57;--c0:#3d92d6;--c1:#e8702a;--c2:#12b386;--c3:#dd93bd;
--c4:#f0ad1f;--c5:#8fd3f7;--c6:#f0e442;--c7:#efeeea;--none:#77766f}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0 auto;padding:20px 16px 40px;max-width:1760px;background:var(--page);color:var(--ink);
font:15px/1.45 system-ui,sans-serif;-webkit-text-size-adjust:100%}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:20px 0 2px}h3{font-size:14px;margin:0}
h1,h2,h3,p,li{overflow-wrap:anywhere}
p{margin:0 0 6px}header p,.note{color:var(--soft);max-width:80ch;white-space:pre-line}
nav{display:flex;flex-wrap:wrap;gap:8px;margin:14px 0 0}
button{font:inherit;padding:6px 12px;border:1px solid var(--edge);border-radius:8px;background:var(--card);
color:var(--ink);cursor:pointer;overflow-wrap:anywhere}
button[aria-pressed=true]{background:var(--ink);border-color:var(--ink);color:var(--card)}
ul{display:flex;flex-wrap:wrap;gap:2px 14px;margin:8px 0 12px;padding:0;list-style:none;font-size:13px}
li i{display:inline-block;width:10px;height:10px;margin-right:5px;border-radius:50%;border:2px solid var(--c);
background:var(--f,var(--c))}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:14px;align-items:start}
article{min-width:0;padding:12px 12px 8px;border:1px solid var(--line);border-radius:10px;background:var(--card)}
.figures{display:flex;flex-wrap:wrap;gap:0 14px;margin:2px 0 6px;font-size:13px;color:var(--soft)}
.figures b{color:var(--ink)}
.empty,.left-out{margin:6px 0;font-size:13px;color:var(--soft)}
svg{display:block;width:100%;height:auto}
svg text{font-size:11px;fill:var(--soft)}
.mid{text-anchor:middle}.end{text-anchor:end}
.band{fill:var(--c0);opacity:.13}
.grid,.frame{fill:none;stroke:var(--line)}.frame{stroke:var(--edge)}
.diagonal{stroke:var(--soft)}
.bars{stroke:var(--soft);stroke-opacity:.45}
circle{fill:var(--f,var(--c));stroke:var(--c);stroke-width:1.5;fill-opacity:.8}
circle.on{stroke:var(--ink);stroke-width:2.5}
.leader{stroke:var(--soft);stroke-width:.8}
svg .worst{font-size:10px;fill:var(--ink);stroke:var(--card);stroke-width:3px;stroke-linejoin:round;paint-order:stroke}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}
.c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}
.ring{--f:var(--card)}.none{--c:var(--none)}
#tip{position:fixed;z-index:1;width:max-content;max-width:min(320px,90vw);padding:6px 9px;border-radius:6px;
background:var(--ink);color:var(--card);font-size:13px;line-height:1.35;white-space:pre-line;
overflow-wrap:anywhere;pointer-events:none}
#tip::first-line{font-weight:600}
@media (max-width:500px){body{padding:14px 8px 30px}article{padding:10px 6px 6px}
h3,.figures,.left-out,.empty{padding:0 4px}}
@media print{nav{display:none}article{break-inside:avoid}}
)css";

// Without it, all protocols are shown one below the other, and points say who they are as the browser shows a <title>.
constexpr const char* kScript = R"js(
'use strict';
const tip = document.getElementById('tip');
let marked = null;
const hide = () => { if (marked) marked.classList.remove('on'); marked = null; tip.hidden = true; };
const mark = (point) => {
  if (point === marked) return;
  hide();
  if (!point) return;
  marked = point;
  point.classList.add('on');
  tip.textContent = point.dataset.tip;
  tip.hidden = false;
  const at = point.getBoundingClientRect(), box = tip.getBoundingClientRect();
  const left = Math.min(at.left + at.width / 2 - box.width / 2, document.documentElement.clientWidth - box.width - 6);
  tip.style.left = Math.max(6, left) + 'px';
  tip.style.top = (at.top - box.height - 8 > 4 ? at.top - box.height - 8 : at.bottom + 8) + 'px';
};
// The nearest point, so that fingers reach it too.
const nearest = (svg, event) => {
  const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
  const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
  let best = null, reach = (event.pointerType === 'touch' ? 24 : 12) * scale;
  for (const point of svg.querySelectorAll('circle')) {
    const distance = Math.hypot(point.cx.baseVal.value - x, point.cy.baseVal.value - y);
    if (distance < reach) { reach = distance; best = point; }
  }
  return best;
};
for (const title of document.querySelectorAll('circle > title')) {
  title.parentNode.dataset.tip = title.textContent;
  title.remove();
}
for (const svg of document.querySelectorAll('svg')) {
  svg.addEventListener('pointermove', (event) => mark(nearest(svg, event)));
  svg.addEventListener('pointerdown', (event) => mark(nearest(svg, event)));
  svg.addEventListener('pointerleave', (event) => { if (event.pointerType !== 'touch') hide(); });
}
document.addEventListener('pointerdown', (event) => { if (!event.target.closest('svg')) hide(); });
addEventListener('scroll', hide, {passive: true});
const groups = [...document.querySelectorAll('section')], buttons = [...document.querySelectorAll('nav button')];
const show = (index) => {
  hide();
  groups.forEach((group, i) => { group.hidden = i !== index; });
  buttons.forEach((button, i) => button.setAttribute('aria-pressed', i === index));
};
if (buttons.length) {
  document.querySelector('nav').hidden = false;
  buttons.forEach((button, i) => button.addEventListener('click', () => show(i)));
  show(0);
}
)js";

constexpr std::size_t kColours = 8, kMarkers = 2 * kColours;  // each colour as a disc and as a ring

std::uint32_t fnv1a(const std::string& text) {
  std::uint32_t hash = 2166136261U;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
  return hash;
}

std::set<std::string> families_of(const ScatterGroup& group) {
  std::set<std::string> families;
  for (const ScatterPanel& panel : group.panels) {
    for (const ScatterPoint& point : panel.points) {
      if (can_be_drawn(point)) families.insert(point.family);
    }
  }
  return families;
}

/// By a hash of the name, or the next free marker while there is one.
FamilyClasses family_classes(const ScatterPage& page) {
  std::set<std::string> families;
  for (const ScatterGroup& group : page.groups) families.merge(families_of(group));
  FamilyClasses classes;
  std::array<bool, kMarkers> taken{};
  std::size_t free = kMarkers;
  for (const std::string& family : families) {
    if (family.empty()) {
      classes[family] = "none";
      continue;
    }
    std::size_t marker = fnv1a(family) % kMarkers;
    while (free > 0 && taken[marker]) marker = (marker + 1) % kMarkers;
    if (!taken[marker]) --free;
    taken[marker] = true;
    classes[family] = "c" + std::to_string(marker % kColours) + (marker < kColours ? "" : " ring");
  }
  return classes;
}

std::string legend(const ScatterGroup& group, const FamilyClasses& classes) {
  std::string items;
  for (const std::string& family : families_of(group))
    items += "<li><i class=\"" + classes.at(family) + "\"></i>" +
             (family.empty() ? "no family" : html_escaped(family)) + "</li>\n";
  return items.empty() ? "" : "<ul>\n" + items + "</ul>\n";
}

std::string section(const ScatterGroup& group, const FamilyClasses& classes) {
  std::string html = "<section>\n<h2>" + html_escaped(group.title) + "</h2>\n";
  if (!group.note.empty()) html += "<p class=\"note\">" + html_escaped(group.note) + "</p>\n";
  if (group.panels.empty()) return html + "<p class=\"empty\">No target to show.</p>\n</section>\n";
  html += legend(group, classes) + "<div class=\"panels\">\n";
  for (const ScatterPanel& panel : group.panels) html += scatter_panel(panel, classes);
  return html + "</div>\n</section>\n";
}

/// Hidden until the script that serves them runs.
std::string buttons(const std::vector<ScatterGroup>& groups) {
  if (groups.size() < 2) return {};
  std::string html = "<nav hidden>\n";
  for (const ScatterGroup& group : groups)
    html += "<button type=\"button\">" + html_escaped(group.title) + "</button>\n";
  return html + "</nav>\n";
}

}  // namespace

std::string scatter_page(const ScatterPage& page) {
  const FamilyClasses classes = family_classes(page);
  const std::string title = html_escaped(page.title);
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>" + title + "</title>\n";
  html += std::string("<style>") + kStyle + "</style>\n</head>\n<body>\n<header>\n<h1>" + title + "</h1>\n";
  if (!page.summary.empty()) html += "<p>" + html_escaped(page.summary) + "</p>\n";
  html += buttons(page.groups) + "</header>\n<main>\n";
  for (const ScatterGroup& group : page.groups) html += section(group, classes);
  if (page.groups.empty()) html += "<p class=\"empty\">Nothing to show.</p>\n";
  html += "</main>\n<div id=\"tip\" role=\"status\" hidden></div>\n";
  return html + "<script>" + kScript + "</script>\n</body>\n</html>\n";
}

}  // namespace latcast::cli
