/** Cards about distortions in English. */
import type { DistortionCards } from './cards.ts';

export const cardsEn: DistortionCards = {
  corruption: {
    looks: 'Blocks in the wrong spot, green or grey areas, smears that stay for a second or two.',
    causes: 'A damaged file, a copy or download that broke off, packets lost on the way.',
    helps: [
      ['encoder', 'Copy or download the file again, or export it again from the source.'],
      ['camera', 'Check the memory card; for live video use a stronger connection.'],
    ],
  },
  disorder: {
    looks: 'Motion jumps back and forth: frames come in the wrong order.',
    causes:
      'A faulty cut or conversion, or wrong time stamps. Step through the frames to be sure it is there.',
    helps: [
      ['encoder', 'Write new time stamps: `ffmpeg -fflags +genpts -i in.mp4 out.mp4`.'],
      ['editor', 'Check cuts, playback direction and speed changes, then export again.'],
    ],
  },
  'motion-blur': {
    looks: 'Moving things smear along their path while still parts are sharp.',
    causes: 'Long exposure in little light, or fast panning.',
    helps: [
      ['camera', 'More light, a shutter of 1/100 s or faster, slower pans.'],
      ['editor', 'It cannot be undone; stabilising makes it more visible.'],
    ],
  },
  focus: {
    looks: 'The subject is soft while something nearer or farther is sharp.',
    causes: 'The autofocus chose another distance, or keeps searching.',
    helps: [
      ['camera', 'Tap the subject and hold to lock the focus. Clean the lens.'],
      ['editor', 'Use another take: sharpening brings no detail back.'],
    ],
  },
  compression: {
    looks: 'Squares, smeared texture and crawling edges, worst in fast motion and dark areas.',
    causes: 'A bit rate too low for the motion and the size, or several rounds of compression.',
    helps: [
      ['encoder', 'Export at a higher bit rate: for 1080p in H.264 8 Mb/s or more, or `-crf 18`.'],
      ['editor', 'Work from the camera’s original and export once.'],
      ['camera', 'Send the original as a file: messengers compress videos again.'],
    ],
  },
  ringing: {
    looks: 'Pale or dark echoes along sharp edges, a shimmer around text.',
    causes: 'Strong sharpening, a low bit rate, or a hard scaling filter.',
    helps: [
      ['editor', 'Lower the sharpening or switch it off.'],
      ['encoder', 'Raise the bit rate; scale with a softer filter, such as bicubic.'],
      ['camera', 'Choose a neutral picture profile with less sharpening.'],
    ],
  },
  ghosting: {
    looks: 'A faint second copy of moving things.',
    causes: 'Frames blended in a change of frame rate, or strong noise reduction over time.',
    helps: [
      ['encoder', 'Keep the frame rate of the source.'],
      ['editor', 'Switch frame blending off; weaken temporal noise reduction.'],
    ],
  },
  aliasing: {
    looks: 'Edges like stairs, and moving patterns on fabric, roofs or fences.',
    causes: 'Scaling down without a filter, or a camera that skips lines.',
    helps: [
      ['camera', 'Change the distance or the zoom a little; film in the full resolution.'],
      ['encoder', 'Scale with bicubic or Lanczos, not with nearest neighbour.'],
    ],
  },
  interlacing: {
    looks: 'Fine comb-like lines at the edges of moving things.',
    causes: 'Interlaced video, as from DVDs, broadcasts and old camcorders, shown without deinterlacing.',
    helps: [
      ['encoder', 'Deinterlace before scaling: `ffmpeg -i in.mp4 -vf bwdif out.mp4`.'],
      ['editor', 'Set the field order of the clip, then deinterlace.'],
      ['camera', 'Record in a mode with p (1080p), not i (1080i).'],
    ],
  },
  noise: {
    looks: 'Grain that dances from frame to frame, most of all in dark areas.',
    causes: 'Too little light, so that the camera amplifies what there is.',
    helps: [
      ['camera', 'More light or a lower ISO; no digital zoom.'],
      ['editor', 'Denoise lightly before the export.'],
      ['encoder', 'Noise uses up the bit rate: raise it, or denoise first.'],
    ],
  },
  lowres: {
    looks: 'Soft or coarse all over: large in pixels, poor in detail.',
    causes: 'A small video that was enlarged, digital zoom, or an app that sent a reduced copy.',
    helps: [
      ['camera', 'Record in 1080p or more, without digital zoom.'],
      ['encoder', 'Export in the size of the source: enlarging adds no detail.'],
      ['editor', 'Use the original files, not proxies.'],
    ],
  },
  blur: {
    looks: 'Edges and texture are soft all over.',
    causes: 'Missed focus, a dirty lens, an unsteady hand, or too much noise reduction.',
    helps: [
      ['camera', 'Clean the lens, tap to focus, hold still or use a stand.'],
      ['editor', 'Sharpen a little: it helps a slight blur only.'],
      ['encoder', 'Check that the export is not smaller than the source.'],
    ],
  },
  over: {
    looks: 'Bright areas are white without detail: sky, faces, windows.',
    causes: 'Exposure set for something darker, or HDR video shown as SDR.',
    helps: [
      ['camera', 'Tap the bright part or lower the exposure; avoid light from behind the subject.'],
      ['editor', 'Lower the highlights; what is pure white stays lost.'],
      ['encoder', 'Map HDR to SDR when exporting for SDR screens.'],
    ],
  },
  under: {
    looks: 'Dark areas are black without detail.',
    causes: 'Too little light, or exposure set for a bright background.',
    helps: [
      ['camera', 'Switch a light on or turn the subject towards it; tap the subject.'],
      ['editor', 'Raise the shadows; noise comes up with them.'],
      ['encoder', 'Check the colour range: full range read as limited turns dark.'],
    ],
  },
  contrast: {
    looks: 'Flat and grey, or blacks and whites that are too hard.',
    causes: 'Haze or light into the lens, a log profile without grading, or a wrong colour range.',
    helps: [
      ['editor', 'Set black and white with curves; apply the LUT of the log profile.'],
      ['camera', 'Clean the lens and keep light out of it; use a standard picture profile.'],
      ['encoder', 'Keep the colour range of the source (mostly limited).'],
    ],
  },
  colour: {
    looks: 'A tint, colours too strong or too pale, or coloured fringes.',
    causes: 'Wrong white balance, mixed lamps, or wrong colour tags in the file.',
    helps: [
      ['camera', 'Set the white balance by hand; avoid mixing daylight and lamps.'],
      ['editor', 'Correct the white balance on something grey.'],
      ['encoder', 'Write the colour tags: BT.709 for HD.'],
    ],
  },
  banding: {
    looks: 'Steps where it should be smooth: sky, walls, fades.',
    causes: 'Eight bits and a low bit rate, or strong grading of such footage.',
    helps: [
      ['encoder', 'Export in 10 bits, or raise the bit rate.'],
      ['editor', 'Add a little grain or dither.'],
      ['camera', 'Record in 10 bits where the camera can.'],
    ],
  },
  freeze: {
    looks: 'The video stands still for a moment, then goes on.',
    causes: 'A recorder that was too slow, a stalled stream, or frames repeated in a conversion.',
    helps: [
      ['camera', 'Close other apps, free some storage, use a faster card.'],
      ['encoder', 'Keep the frame rate of the source and export again.'],
      ['editor', 'Cut the still part out.'],
    ],
  },
  drop: {
    looks: 'Motion stutters: things jump instead of moving.',
    causes: 'Frames lost while recording, or a change between frame rates that do not fit.',
    helps: [
      ['encoder', 'Keep the frame rate, or use a whole fraction of it: 60 to 30, not to 25.'],
      ['camera', 'Close other apps; switch off the automatic frame rate for low light.'],
      ['editor', 'Set the timeline to the frame rate of the clip.'],
    ],
  },
  shake: {
    looks: 'The view wobbles or jumps.',
    causes: 'A camera in the hand, walking, or strong zoom.',
    helps: [
      ['camera', 'Switch stabilisation on; use both hands, a stand or a gimbal; zoom less.'],
      ['editor', 'Stabilise; it costs a little of the edges.'],
    ],
  },
  flicker: {
    looks: 'The brightness pulses, or bands roll through the view.',
    causes: 'Lamps that pulse with the mains, or an automatic exposure that keeps searching.',
    helps: [
      [
        'camera',
        'Shutter 1/50 or 1/100 s where the mains have 50 Hz (1/60 or 1/120 at 60 Hz); lock the exposure.',
      ],
      ['editor', 'Use a deflicker filter.'],
      ['encoder', 'If it pulses at each key frame, raise the bit rate.'],
    ],
  },
  artefact: {
    looks: 'Something that is not in the scene: spots, lines, broken patches.',
    causes: 'Errors of coding, transmission or processing; the text does not say which.',
    helps: [
      ['encoder', 'Export again from the source and look at both on Compare.'],
      ['editor', 'Switch effects off one by one to find the cause.'],
    ],
  },
};
