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

A no-reference video quality model of $parameters million parameters that runs in a web page. Its input is 8
pairs of frames and 47 features of whole frames; its output is a text that names the distortions it detects,
and a score from 1 to 5 on the scale of people's mean opinion scores. It has the parts of VQAThinker (vision
encoder, SlowFast, two projectors, Qwen2 decoder, the same tensor names) at a small size.

$named

## Limitations

- **The score is an estimate, not a rating.** It is H − d: H estimates people's score from published
  closed-form features of the video (VIDEVAL's light variant), of whose sets it saw features and scores, not
  the videos; d is a penalty for the distortions that pixel statistics show. How much a distortion takes off
  is a convention of this project, which nobody rated.
- **On footage from elsewhere it agrees less with people**: see the rows "trained on the other sets".
- Screen recordings, animation and footage of fewer than 200 lines were hardly among the rated videos. Noise
  in small or compressed footage can raise H. A video of fewer than four frames has no features: its score
  is that of average features, less d.
- It prefers false alarms to misses: it names a faint distortion in most clean clips. Overexposure that
  depends on the scene, dropped frames in slow motion and light noise on soft footage are its weak points.
- It names at most three distortions, and none outside its list: no ghosting, aliasing, lip sync, content or
  beauty.
- It states a time ("in the second half") only at high confidence, and never a region of the frame: the
  decoder gets one vector for the whole clip.
- The real clips in its training come from 17 sources, many of them of robots at work.
- It answers in English, whatever the language of the page, because its one prompt is English. The page
  shows the names of the detected distortions in Chinese too.
- The answer depends on closed-form statistics and features, through the motion token. SlowFast and the
  vision encoder are in the graph and were trained, but the output of the first is scaled to almost nothing,
  because its features measured no better than none, and the decoder ignores the tokens of the second.

## Metrics

$table

All metrics but those of the next sentence are of the generated text, decoded greedily and read strictly.
"SRCC, SET" without "of the text" is of H alone. The text's SRCC has H of the test clips and d of intact
real clips, as the tables with human scores have no pixels. Real clips are of sources that are in no
training; their copies have 14 distortions at 3 strengths, and three encodes. Held-out clips show stills and
photographs that are not in the training set; generated clips, and those of the ladder, are measured without
features: the score is then that of average features, less d, and the label of generated clips likewise. The
ladder is twelve real clips, each with eight distortions at five strengths; a score must fall along each
row, from the original on. Its hold-out clips played no part in any decision. Intervals are 95 % bootstrap
intervals over scenes or clips.

## Training

1. **Clips.** Procedural scenes (generated stills and free photographs, moving cameras and objects, real
   encoders) get none to three of $count distortions of known severity. Where a distorted clip can be
   compared with the clean one (MS-SSIM, GMSD and VIF of the luma, mean distance of the chroma), the
   effective severity is the geometric mean of the parameter's severity and of the measured one, so that a
   distortion masked by texture is absent from the label. Weights, ranges and the noise of the label are in
   `core/training/distortions.json`. 118 real clips, 420 copies of ten of them and 558 random views of all,
   half of them degraded, teach it that intact footage has no temporal distortion.
2. **Perception.** Teacher heads on closed-form pixel statistics predicted probability and severity of each
   distortion; the projector was distilled from them on 33,600 clips, then fitted to the penalty and to the
   real clips.
3. **People.** Three networks of one hidden layer on the features learnt the scores of 2,435 videos and the
   fall of distorted copies.
4. **Language.** The decoder is trained without video, in the real prompt, on drawn concept vectors: a score
   and a component for each distortion, with the errors that a predictor makes. A distortion is named from a
   component of 0.5 on; from 0.3 to 0.5 it is neither named nor ruled out. Eight style numbers, which on a
   video are properties uncorrelated with its quality, select the phrasing. At the end it is fine-tuned on
   the concept vectors that its projector predicts for training clips.
5. **Join.** One linear map connects the two; no text was trained on video.

```sh
npm run make-clips -- --split train   # and test: clips with their labels
npm run train-small                   # every stage; with -- STAGE one of them
npm run evaluate-small -- --clips FOLDER   # the rows of real clips
npm run evaluate-small                # the table above
npm run convert -- .cache/small/checkpoint public/models/small --variants webgpu:q8,wasm:q8 \\
  --about .cache/small/evaluation/about.json
```

Training takes two processor cores and no graphics card. Long stages resume.

## Licence

Apache-2.0, weights included. Trained on generated pictures, on 255 photographs and on 118 real clips under
free licences, and on published features and scores (KoNViD-1k, LIVE-VQC, YouTube-UGC;
github.com/vztu/VIDEVAL), none of which is in this package. Credit is due to:

- CC BY 4.0: Alan Diggs; Christian Ferrer; Trevor "Freespace"; Jakub Mede; Aitzol Berasategi.
- CC BY (version not stated): Nextcloud example files.
- CC BY 3.0: Acarpentier; Darius Bauzys. CC BY 2.5: Colin Hines (www.ColinHinesPhotography.com).
- CC BY 2.0: Frank Wouters; Kevin Pluck; Luc Viatour; coniferconifer; sodai gomi; Morten Jensen;
  samuelrodgers752; Images_of_Money.
- Real clips: CC BY-SA 4.0: DexWild authors; TidyBot++ authors; SERL authors and contributors. CC BY 4.0:
  The TiPToP Authors. CC BY 3.0: Bitcraze AB. Apache-2.0: Meta Platforms (EgoBlur); The Android Open Source
  Project; The AMP HTML Authors. Apache-2.0 or MIT: GoPro. MIT: Udacity; Vivek Hari Sridhar; Kyle McDonald;
  luxonis; MOKA authors. BSD-3-Clause: PIMS contributors.
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
