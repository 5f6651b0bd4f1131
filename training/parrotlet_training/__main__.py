"""The command line: prune, synthesize, prepare, train, compare, evaluate, divergence,
export, blend, unpack."""

import argparse
import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # idle threads sleep; read when PyTorch loads

import torch

from . import (
    blend,
    compare,
    divergence,
    evaluate,
    export,
    prepare,
    prune,
    synthesize,
    train,
    unpack,
)
from .errors import TrainingError

COMMANDS = {
    "prune": prune,
    "synthesize": synthesize,
    "prepare": prepare,
    "train": train,
    "compare": compare,
    "evaluate": evaluate,
    "divergence": divergence,
    "export": export,
    "blend": blend,
    "unpack": unpack,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m parrotlet_training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        text = (module.__doc__ or "").split(": ", 1)[1].replace("%", "%%")
        module.add_options(commands.add_parser(name, help=text, description=text))
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        COMMANDS[options.command].run(options)
    except TrainingError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{options.command}: stopped; what was saved stays", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
