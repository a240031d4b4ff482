"""The model card: description, metrics, training and limitations of the small model."""

from __future__ import annotations

from string import Template
from textwrap import fill

from small.text import SENTENCES

CARD = Template("""---
license: apache-2.0
library_name: transformers.js
pipeline_tag: video-text-to-text
---

# VQAThinker small

A no-reference video quality model of $parameters million parameters that runs in a web page. Its input is
8 pairs of frames; its output is a text that names the distortions it detects, and a score from 1 to 5.
It has the parts of VQAThinker (vision encoder, SlowFast, two projectors, Qwen2 decoder, the same tensor
names) at a small size, and was trained from random weights on procedural clips only: generated scenes and
moving photographs.

$named

## Metrics

$table

All metrics are of the generated text, decoded greedily and read strictly. Held-out clips show stills and
photographs that are not in the training set; the held-out family is a kind of generated still that is not in
it at all. The ladder is twelve real clips, each with eight distortions at five strengths; a score must fall
along each row, from the original on. Its hold-out clips played no part in any decision. Heads are three seeds
of the projector. Intervals are 95 % bootstrap intervals over scenes (ladder: over clips).

## Training

1. **Clips.** Procedural scenes (generated stills and free photographs, moving cameras and objects, real
   encoders) get none to three of $count distortions of known severity. Where a distorted clip can be compared
   with the clean one (MS-SSIM, GMSD and VIF of the luma, mean distance of the chroma), the effective severity
   is the geometric mean of the parameter's severity and of the measured one, so that a distortion masked by
   texture is absent from the label. The pseudo-MOS is 1 + 4 Π (1 − weight · severity^0.8): a convention, not
   an opinion. Weights, ranges and the noise of the label are in `core/training/distortions.json`.
2. **Perception.** Teacher heads on closed-form pixel statistics predict probability and severity of each
   distortion and the score; the projector is distilled from them.
3. **Language.** The decoder is trained without video, in the real prompt, on drawn concept vectors: a score
   and a component for each distortion, with the errors that a predictor makes. They are its motion token. A
   distortion is named from a component of 0.5 on; from 0.3 to 0.5 it is neither named nor ruled out; below a
   score of 4.3 the likeliest is always named; degree words are moved towards those that explain the score.
   Eight style numbers, which on a video are properties uncorrelated with its quality, select the phrasing.
   At the end the decoder is fine-tuned on the concept vectors that its projector predicts for training clips.
4. **Join.** One linear map connects the two; no text was trained on video. GRPO with every reward of the
   paper was run on the previous round of weights (`recipes/small-grpo.json`, 60 steps of 16 clips) and
   measured worse, so it is not part of these; its curve and the reasons are in `docs/small-model.md`.

```sh
npm run make-clips -- --split train   # and test, family: clips with their labels
npm run train-small                   # every stage; with -- STAGE one of them
npm run evaluate-small                # the table above
npm run convert -- .cache/small/checkpoint public/models/small --variants webgpu:q8,wasm:q8 \\
  --about .cache/small/evaluation/about.json
```

Training takes two processor cores and no graphics card. Long stages resume.

## Limitations

- **The scale is its own.** A score is not a human opinion score; the page shows its percentile among the
  scores of the held-out clips.
- It names at most three distortions, and none outside its list: no ghosting, aliasing, lip sync, content or
  beauty.
- It states a time ("in the second half") only at high confidence, and never a region of the frame: the
  decoder gets one vector for the whole clip. Some training clips are distorted in a region only; their labels
  count its share.
- Weak points: light noise on soft or compressed footage, exposure that depends on the scene, and dropped
  frames in slow motion.
- It prefers false alarms to misses: for most clean clips it names a slight distortion, with a high score.
- Scores near 1 and 5 are compressed towards the ends, so that clips beyond them remain distinct: a clean clip
  gets about 4.85.
- It answers in English, whatever the language of the page, because its one prompt is English. The page shows
  the names of the detected distortions in Chinese too.
- It was trained on no footage of people other than some photographs.
- The answer depends on the closed-form pixel statistics, through the motion token. SlowFast and the vision
  encoder are in the graph and were trained, but the output of the first is scaled to almost nothing, because
  its features measured no better than none, and the decoder ignores the tokens of the second.

## Licence

Apache-2.0, weights included. Trained on generated pictures and on 255 photographs under free licences, none
of which is in this package. Credit is due to:

- CC BY 4.0: Alan Diggs; Christian Ferrer; Trevor "Freespace"; Jakub Mede; Aitzol Berasategi.
- CC BY (version not stated): Nextcloud example files.
- CC BY 3.0: Acarpentier; Darius Bauzys. CC BY 2.5: Colin Hines (www.ColinHinesPhotography.com).
- CC BY 2.0: Frank Wouters; Kevin Pluck; Luc Viatour; coniferconifer; sodai gomi; Morten Jensen;
  samuelrodgers752; Images_of_Money.
- With attribution: Shiretoko-Shari Tourist Association. BSD-2-Clause: Piero Toffanin. MIT: Microsoft
  Corporation.
- All others: CC0, public domain, the Unsplash licence, Kodak's test pictures, or a statement of free use.""")


def model_card(table: str, parameters: int) -> str:
    """README.md of the package, of a table of metrics (markdown) and the number of parameters."""
    names = [phrases["absent"] for phrases in SENTENCES["distortions"].values()]
    return CARD.substitute(
        table=table,
        parameters=f"{parameters / 1e6:.1f}",
        count=len(names),
        named=fill(f"It names {len(names)} distortions: {', '.join(names[:-1])} and {names[-1]}.", 108),
    )
