#!/usr/bin/env python3
"""Holds every #include against scripts/layers.txt: no arrow that the file does not name, no circle of files."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)


def read_layers():
    layers = {}
    for line in (ROOT / "scripts/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, below = line.partition(":")
        unknown = [one for one in below.split() if one not in layers]
        if unknown:
            sys.exit(f"scripts/layers.txt: {name} names {unknown[0]}, which does not stand above it")
        layers[name.strip()] = set(below.split())
    return layers


def sources():
    for folder in ("include", "src", "apps"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cpp", ".inl"):
                yield path.relative_to(ROOT)


def layer_of(path, layers):
    """The longest layer name that is a folder of the path; public headers are of the layer that implements them."""
    parts = list(path.parts[:-1])
    if parts[0] == "include":
        implementations = [one for one in layers if (ROOT / "src" / one / (path.stem + ".cpp")).exists()]
        return implementations[0] if implementations else "core"
    if parts[0] == "src":
        parts = parts[1:]
    while parts:
        name = "/".join(parts)
        if name in layers:
            return name
        parts.pop()
    return None


def resolve(include, includer, files):
    for folder in ("src", "include", "apps/latcast", includer.parent):
        candidate = pathlib.Path(folder) / include
        if candidate in files:
            return candidate
    return None


def circles(graph):
    """One circle, or nothing: depth first, without recursion."""
    state = {}
    for start in graph:
        stack = [(start, iter(graph[start]))]
        if state.get(start):
            continue
        state[start] = "open"
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                state[node] = "done"
                stack.pop()
            elif state.get(following) == "open":
                names = [one for one, _ in stack]
                return names[names.index(following):] + [following]
            elif following not in state:
                state[following] = "open"
                stack.append((following, iter(graph[following])))
    return []


def main():
    layers = read_layers()
    files = set(sources())
    problems, graph = [], {}
    for path in sorted(files):
        own = layer_of(path, layers)
        if own is None:
            problems.append(f"{path}: its folder is no layer of scripts/layers.txt")
            continue
        graph[path] = []
        for include in INCLUDE.findall((ROOT / path).read_text()):
            target = resolve(include, path, files)
            if target is None:
                continue
            graph[path].append(target)
            other = layer_of(target, layers)
            if other != own and other not in layers[own]:
                problems.append(f"{path} ({own}) includes {target} ({other}): not below it in scripts/layers.txt")
    circle = circles(graph)
    if circle:
        problems.append("includes in a circle: " + " -> ".join(map(str, circle)))
    for name in layers:
        if not any(layer_of(path, layers) == name for path in files):
            problems.append(f"scripts/layers.txt: no file is of the layer {name}")
    design = (ROOT / "docs/design.md").read_text()
    if (ROOT / "scripts/layers.txt").read_text().strip() not in design:
        problems.append("docs/design.md does not show scripts/layers.txt as it is")
    print("\n".join(problems) if problems else f"{len(files)} files, {len(layers)} layers: every arrow points down")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
