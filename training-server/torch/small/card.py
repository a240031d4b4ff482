"""The model card: what the small model is, how it was made, what it was measured to do, what it is not."""

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

A no-reference video quality model of $parameters million parameters that runs in a web page. It looks at
8 pairs of frames, writes what is wrong and what is right with the picture, and gives a score from 1 to 5.
It has the parts of VQAThinker (vision encoder, SlowFast, two projectors, Qwen2 decoder, the same tensor
names), made small, and was trained from nothing, on procedural clips only: generated scenes and moving
photographs.

$known

## Figures

$table

All figures are of the text that the model writes, decoded greedily and read strictly. Held-out clips
show stills and photographs that training has not seen; the held-out family is a kind of generated still
that training has not seen at all. The ladder is twelve real clips, each damaged in eight ways at five
strengths; a score must fall along each row. Intervals are bootstrap intervals over scenes (ladder: over
clips).

## How it was made

1. Procedural scenes (generated stills and free photographs, moving cameras and objects, real encoders) are
   damaged by $count distortions of known severity, none to three at once. A severity counts by what is seen
   of it: where it can be compared with the undamaged clip (MS-SSIM, GMSD and VIF of the luma, mean distance
   of the chroma), it is the geometric mean of the parameter's severity and of the damage measured, and a
   distortion that texture hides altogether is absent from the label. The pseudo-MOS is
   1 + 4 Π (1 − weight · severity^0.8): a convention, not an opinion. Weights, ranges and the noise of the
   label are in `core/training/distortions.json`.
2. The perceiver, closed-form statistics of the pixels beside a SlowFast, learns severities and score.
3. The decoder learns to write from *codes*, given to it as one motion token, in the real prompt: a score and
   a height for each distortion, blurred as a perceiver blurs them. A fault is named from half its height on;
   from 0.3 to there it is neither named nor ruled out; below a score of 4.3 the likeliest is always
   named; degree words are moved to where they explain the score. The phrasing follows eight numbers that
   on a video are properties of the picture which say nothing of its quality.
   At the end it hears the codes that its own projector gives of training clips.
4. One linear map joins the two; no text was trained on video. GRPO with every reward of the paper was run
   on the round of weights before these (`recipes/small-grpo.json`, 60 steps of 16 clips) and measured worse,
   so it is not in them; its curve, and why it cannot gain here, are in `docs/small-model.md`.

```sh
npm run make-clips -- --split train   # and test, family: clips with their labels
npm run train-small -- STAGE          # statistics, trunk, vision, projector, language, hearing, checkpoint
npm run evaluate-small                # the table above
npm run convert -- .cache/small/checkpoint public/models/small --variants webgpu:q8,wasm:q8 \\
  --about .cache/small/evaluation/about.json
```

Two processor cores, no graphics card. Longer stages go on where they stopped.

## What it is not

- **Its scale is its own.** A score is not a human opinion score; the page shows where it lies among the
  scores of the held-out clips.
- It names at most three distortions at once. What it has no word for it cannot report: ghosting, aliasing,
  lip sync, content, beauty.
- It says when ("in the second half") only where it is sure, and never where in the picture: what reaches the
  decoder is one vector for the whole clip, so it cannot know. Some of the training clips are damaged in a
  part of the picture; their labels count the part's share.
- Light noise on soft or compressed footage, exposure that depends on the scene, and frames missing from slow
  motion are its weak points.
- It would rather name a faint fault than miss one: most faultless clips are said to have a slight one, with a
  high score.
- Scores close to 1 and 5 are bent away from the ends, so that clips beyond them stay apart: a faultless clip
  gets about 4.85.
- It answers in English, whatever the language of the page: it has one prompt, and that is English. The page
  itself shows the names of what was found in Chinese too.
- It never saw footage of people in training beyond some photographs.
- What the answer says comes from closed-form statistics of the pixels, through the motion token. SlowFast and
  the vision encoder are in the graph and were trained, but the first is muted, because its features measured
  no better than none, and the decoder reads past the tokens of the second.

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
    """README.md of the package with the given table of figures (markdown) and number of parameters."""
    names = [faults["absent"] for faults in SENTENCES["distortions"].values()]
    return CARD.substitute(
        table=table,
        parameters=f"{parameters / 1e6:.1f}",
        count=len(names),
        known=fill(f"It knows {len(names)} distortions: {', '.join(names[:-1])} and {names[-1]}.", 108),
    )
