"""The tensors of training: everything between decoded pixels and the optimiser's step, on one process.

    encoder = Encoder(model, profile)                     # clips.py      features, cached where frozen
    params = train_parts(model, ("languageModel", …))     # trainable.py  what trains; modes of the rest
    reference = frozen_reference(model, encoder)          # update.py     for the KL
    optimizer = make_optimizer(params, "stochastic")      # optimizer.py  or "master"
    groups = rollout(model, encoder, prompts, options)    # rollout.py    K completions of each video
    metrics = update(model, encoder, optimizer, groups, options, lr=…, reference=reference)
    metrics = sft_step(model, encoder, optimizer, examples, options, lr=…)          # sft.py
    metrics = regression_step(model, encoder, heads, optimizer, examples, lr=…)     # regression_pretrain.py

On several ranks a step is taken apart: each rank calls `accumulate`, `accumulate_sft` or
`accumulate_regression` on its own share with the counts of the whole step (`StepTotals`, `completion_tokens`,
`target_counts`), all call `clip_and_step`, `encoder.weights_changed()` and `MetricSums.reduced`. Parts of the
model are reached through these methods, to be registered with FSDP as forward methods:
`VQAThinkerModel.vision_tokens`, `motion_vector`, `inputs_embeds`; `Qwen2.embed`, `logits`, `token_logps`; and
the calls of `motion_mlp` and `language_model`.
"""
