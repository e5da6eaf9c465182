#!/usr/bin/python3
"""Exports torchvision's image networks as ONNX files: what the accuracy figures are measured on.

Random weights from a fixed seed, batch 1, float32, operator set 17: the same bytes for the same versions of PyTorch and
torchvision. Needs no network; both are Debian packages (scripts/setup.sh --networks).
"""

import argparse
import os
import pathlib
import sys
import time
import warnings

LIST = pathlib.Path(__file__).with_name("networks.txt")
SMALL = pathlib.Path(__file__).with_name("small_networks.txt")
SEED = 1
OPERATOR_SET = 17


def listed_networks(small):
    """File name -> (network, side of the square input in pixels), for each line of the list."""
    networks = {}
    for line in (SMALL if small else LIST).read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            networks[f"{fields[0]}_{fields[1]}" if small else fields[0]] = fields[0], int(fields[1])
    return networks


def export(name, side, file):
    """Writes one network; the file appears only when it is complete."""
    import torch
    import torchvision

    torch.manual_seed(SEED)
    options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    network = torchvision.models.get_model(name, weights=None, **options).eval()
    image = torch.randn(1, 3, side, side)
    part = file.with_suffix(".part")
    try:
        # Not under no_grad: attention would take a fused path that ONNX has no operator for.
        torch.onnx.export(network, image, str(part), opset_version=OPERATOR_SET, input_names=["image"], output_names=["scores"])
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description="Export torchvision's networks (scripts/networks.txt) as ONNX files.")
    parser.add_argument("folder", type=pathlib.Path, help="where the files go; those that are there are kept")
    parser.add_argument("names", nargs="*", help="only these (default: the whole list)")
    parser.add_argument("--small", action="store_true", help="those of scripts/small_networks.txt, named NETWORK_SIDE")
    arguments = parser.parse_args()

    networks = listed_networks(arguments.small)
    unknown = [name for name in arguments.names if name not in networks]
    if unknown:
        parser.error(f"not in {(SMALL if arguments.small else LIST).name}: {', '.join(unknown)}")
    try:
        import torch
        import torchvision
    except ImportError as error:
        sys.exit(f"{error}: run scripts/setup.sh --networks, and this script with /usr/bin/python3")
    print(f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, seed {SEED}", flush=True)
    warnings.filterwarnings("ignore")
    arguments.folder.mkdir(parents=True, exist_ok=True)

    skipped = 0
    for name in arguments.names or networks:
        file = arguments.folder / f"{name}.onnx"
        if file.exists():
            continue
        started = time.monotonic()
        try:
            export(*networks[name], file)
        except Exception as error:  # whatever an exporter raises costs one network
            skipped += 1
            print(f"{name}: skipped: {str(error).strip().splitlines()[0]}", file=sys.stderr, flush=True)
            continue
        print(f"{name}: {file.stat().st_size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s", flush=True)
    exported = sum((arguments.folder / f"{name}.onnx").exists() for name in arguments.names or networks)
    print(f"{exported} networks in {arguments.folder}, {skipped} skipped")
    return 0 if exported else 1


if __name__ == "__main__":
    os.environ["PYTHONWARNINGS"] = "ignore"
    sys.exit(main())
