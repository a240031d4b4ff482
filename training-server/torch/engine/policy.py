"""The policy of a stage: the model with its encoder, reference and optimiser, sharded over the ranks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from engine.faults import CommandError
from engine.parsing import json_name
from engine.ranks import Ranks
from engine.requests import PART_NAMES, LoadRequest
from engine.sharding import Shards
from engine.text import Text
from modules.config import read_config
from modules.loader import load_model
from modules.lora import adapt
from modules.profiles import Profile
from modules.vqathinker import VQAThinkerModel
from training.clips import Encoder
from training.optimizer import MasterAdamW, StochasticAdamW
from training.trainable import PARTS, train_parts
from training.trainable import trainable as trainable_of
from training.update import frozen_reference

OPTIMISERS: dict[str, type[MasterAdamW] | type[StochasticAdamW]] = {
    "adamw": MasterAdamW,
    "adamw-sr": StochasticAdamW,
}

Optimiser = MasterAdamW | StochasticAdamW


@dataclass(kw_only=True, eq=False)
class Policy:
    """A loaded checkpoint, ready to generate and to train."""

    request: LoadRequest
    device: torch.device
    model: VQAThinkerModel
    encoder: Encoder
    shards: Shards
    optimiser: Optimiser | None
    """None where nothing trains."""

    reference: tuple[VQAThinkerModel, Encoder] | None
    text: Text
    names: dict[Tensor, str] = field(default_factory=dict)
    """Names of the parameters that train, as in the checkpoint."""

    parameters: int = 0
    trainable: int = 0

    @property
    def profile(self) -> Profile:
        return self.encoder.profile


def device_of(name: str, ranks: Ranks) -> torch.device:
    """Raises CommandError where the machine has no such thing."""
    if name == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise CommandError("no CUDA GPU is here, and the recipe asks for one", detail="no CUDA GPU")
    return torch.device("cuda", ranks.local_rank)


def load_policy(request: LoadRequest, ranks: Ranks) -> Policy:
    """Raises CommandError, CheckpointError and ConfigError, on every rank alike."""
    device = device_of(request.device, ranks)
    trained = request.parts.names
    folder = request.checkpoint
    if not (folder / "config.json").exists():
        raise CommandError(f"there is no config.json in {folder}", code="train/checkpoint")
    config = read_config(folder)
    profile = request.profile
    if profile.size % (2 * config.vision.patch_size):
        raise CommandError(
            f"profile {profile.name} has frames of {profile.size} pixels for patches of "
            f"{config.vision.patch_size}",
            code="train/checkpoint",
        )
    # The profile that is trained with goes into the checkpoint that comes out of it.
    config = replace(config, profiles={**config.profiles, profile.name: profile})
    text = Text(folder, profile)
    # fp32 shards are the masters under FSDP; a single process keeps masters in the optimiser.
    masters = ranks.world > 1 and request.optimiser.kind == "adamw"
    # An adapted model is frozen for its greater part, which is never stored in fp32.
    stored = torch.float32 if masters and request.lora is None else request.dtype
    model = load_model(folder, config=config, dtype=stored, device=device)
    model.requires_grad_(False)
    if trained:
        train_parts(
            model,
            trained,
            drifting_statistics=request.frozen_batch_norm == "train",
            recompute=request.gradient_checkpointing,
        )
    if request.lora is not None:
        adapt(model.language_model, request.lora, seed=request.seed, dtype=stored)
        if masters:
            for p in trainable_of(model):
                p.data = p.data.float()
    encoder = Encoder(model, profile)
    reference = None
    if request.reference:
        # Weights that are no adaptation are plain tensors on every rank, and the reference has the same ones.
        shared = ranks.world == 1 or request.lora is not None
        reference = frozen_reference(model, encoder, share_frozen=shared)
        reference[0].to(request.dtype)
    parameters = sum(p.numel() for p in model.parameters())
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if masters and request.dtype != torch.float32:
        # Parts outside FSDP compute in the type that they are stored in.
        for name in set(PARTS) - set(trained):
            getattr(model, PARTS[name]).to(request.dtype)
    shards = Shards(model, ranks, device, request.dtype)
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters() if p.requires_grad}
    return Policy(
        request=request,
        device=device,
        model=model,
        encoder=encoder,
        shards=shards,
        optimiser=_optimiser(model, request, ranks) if trained else None,
        reference=reference,
        text=text,
        names=names,
        parameters=parameters,
        trainable=trainable,
    )


def _optimiser(model: VQAThinkerModel, request: LoadRequest, ranks: Ranks) -> Optimiser:
    """Groups of parameters by part, for the part's own share of the learning rate; matrices decay."""
    chosen = request.optimiser
    scales = {part: chosen.lr_scale.get(json_name(field), 1.0) for field, part in PART_NAMES.items()}
    groups = []
    for part, module in PARTS.items():
        params = [p for p in getattr(model, module).parameters() if p.requires_grad]
        for matrices in (True, False):
            part_params = [p for p in params if (p.dim() > 1) == matrices]
            if part_params:
                groups.append(
                    {
                        "params": part_params,
                        "weight_decay": chosen.weight_decay if matrices else 0.0,
                        "lr_scale": scales[part],
                    }
                )
    options: dict[str, Any] = {"betas": chosen.betas, "eps": chosen.epsilon, "seed": request.seed}
    if chosen.kind == "adamw-sr":
        options["shard"] = ranks.rank
    return OPTIMISERS[chosen.kind](groups, **options)
