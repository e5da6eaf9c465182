#!/usr/bin/env python3
"""Holds every #include against scripts/layers.txt: no arrow that the file does not name, no circle of files.

With --self-test: that what is wrong in made-up trees is found.
"""
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)


def read_layers(root):
    layers = {}
    for line in (root / "scripts/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, below = line.partition(":")
        unknown = [one for one in below.split() if one not in layers]
        if unknown:
            sys.exit(f"scripts/layers.txt: {name} names {unknown[0]}, which does not stand above it")
        layers[name.strip()] = set(below.split())
    return layers


def sources(root):
    for folder in ("include", "src", "experiments", "apps"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cpp", ".inl"):
                yield path.relative_to(root)


def layer_of(root, path, layers):
    """The longest layer name that is a folder of the path; public headers are of the layer that implements them."""
    parts = list(path.parts[:-1])
    if parts[0] == "include":
        implementations = [one for one in layers if (root / "src" / one / (path.stem + ".cpp")).exists()]
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
    for folder in ("src", "include", ".", "apps/latcast", includer.parent):
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


def problems_of(root):
    layers = read_layers(root)
    files = set(sources(root))
    problems, graph = [], {}
    for path in sorted(files):
        own = layer_of(root, path, layers)
        if own is None:
            problems.append(f"{path}: its folder is no layer of scripts/layers.txt")
            continue
        graph[path] = []
        for include in INCLUDE.findall((root / path).read_text()):
            target = resolve(include, path, files)
            if target is None:
                continue
            graph[path].append(target)
            other = layer_of(root, target, layers)
            if other != own and other not in layers[own]:
                problems.append(f"{path} ({own}) includes {target} ({other}): not below it in scripts/layers.txt")
    circle = circles(graph)
    if circle:
        problems.append("includes in a circle: " + " -> ".join(map(str, circle)))
    for name in layers:
        if not any(layer_of(root, path, layers) == name for path in files):
            problems.append(f"scripts/layers.txt: no file is of the layer {name}")
    design = (root / "docs/design.md").read_text()
    if (root / "scripts/layers.txt").read_text().strip() not in design:
        problems.append("docs/design.md does not show scripts/layers.txt as it is")
    return problems


LAYERS = "core:\ngraph: core\napps/tool: graph core\n"
TREE = {
    "scripts/layers.txt": LAYERS,
    "docs/design.md": LAYERS,
    "include/lib/api.h": "",
    "src/core/api.cpp": "#include \"lib/api.h\"\n",
    "src/core/unit.h": "#include <vector>\n",
    "src/graph/node.h": "#include \"core/unit.h\"\n",
    "apps/tool/main.cpp": "#include \"graph/node.h\"\n",
}
CASES = [
    # what is changed in the tree, and what the check says; nothing: it is in order
    ({}, None),
    ({"src/core/unit.h": "#include \"graph/node.h\"\n"}, "(core) includes src/graph/node.h (graph)"),
    ({"src/graph/a.h": "#include \"b.h\"\n", "src/graph/b.h": "#include \"graph/a.h\"\n"}, "in a circle: src/graph/a.h"),
    ({"src/odd/x.h": ""}, "src/odd/x.h: its folder is no layer"),
    ({"scripts/layers.txt": LAYERS + "late: core\n"}, "no file is of the layer late"),
    ({"docs/design.md": "core:\n"}, "docs/design.md does not show"),
]


def self_test():
    failures = 0
    for change, wanted in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in (TREE | change).items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            found = problems_of(root)
        if bool(found) != bool(wanted) or (wanted and not any(wanted in one for one in found)):
            failures += 1
            print(f"{change}: wanted {wanted!r}, found {found}")
    print(f"{len(CASES) - failures} of {len(CASES)} made-up trees are judged as they should be")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:]:
        sys.exit(f"usage: {sys.argv[0]} [--self-test]")
    problems = problems_of(ROOT)
    print("\n".join(problems) if problems else "every include points down, none in a circle")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
