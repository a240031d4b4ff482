/**
 * Prompts, byte for byte. The released training and test strings differ in spaces and line ends; each belongs to its
 * profile. A prompt has one placeholder a frame, then the motion token, then the question. The hashes in the profiles
 * were taken from the official prompt builders. Held to the official code by golden/tiny: change only with it.
 */
import type { Profile, PromptId } from '../sampling/profiles.ts';

/** Stands for one image in an unexpanded conversation. */
const imagePlaceholder = '<image>';
export const imageStart = '<img>';
export const imageEnd = '</img>';
const imageContext = '<IMG_CONTEXT>';

const officialSystem =
  '你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。';
const officialQuestion =
  'You are doing the video quality assessment task. Here is the question: What is your overall rating on the quality of this video? The rating should be a float between 1 and 5, rounded to two decimal places, with 1 representing very poor quality and 5 representing excellent quality.';
const officialForm =
  'First output the thinking process in <think> </think> tags and then output the final answer in <answer> </answer> tags.';

const smallForm = 'Think in <think> </think> tags, then give the score in <answer> </answer> tags.';

interface PromptText {
  readonly system: string;
  /** The user's turn, placeholders unexpanded. */
  readonly user: (frames: number) => string;
  /** Request for reasoning, and the motion slot, as in `user`: ablations replace or cut them. */
  readonly form: string;
  readonly motion: string;
}

/** In place of the form of answer where no reasoning is asked for. */
const answerOnly = 'Output the final answer in <answer> </answer> tags.';

/** Variants of a prompt that ablations train with; the profile's prompt has both. */
interface PromptVariant {
  readonly reasoning: boolean;
  /** The slot of the motion token. */
  readonly motion: boolean;
}
const wholePrompt: PromptVariant = { reasoning: true, motion: true };

const frameLines = (frames: number, line: (k: number) => string): string =>
  Array.from({ length: frames }, (_, k) => line(k + 1)).join('');

const prompts: Readonly<Record<PromptId, PromptText>> = {
  'official-train': {
    system: officialSystem,
    user: (frames) =>
      `Now you will receive a video:\n${frameLines(frames, (k) => `Frame${k}:${imagePlaceholder}\n`)}` +
      `Motion Feature:${imagePlaceholder}\n${officialQuestion} ${officialForm}`,
    form: officialForm,
    motion: `Motion Feature:${imagePlaceholder}\n`,
  },
  'official-test': {
    system: officialSystem,
    user: (frames) =>
      `Now you will receive a video:${frameLines(frames, (k) => `Frame${k}: ${imagePlaceholder}`)}` +
      `Motion Feature: ${imagePlaceholder}${officialQuestion}${officialForm}`,
    form: officialForm,
    motion: `Motion Feature: ${imagePlaceholder}`,
  },
  small: {
    system: 'You judge the quality of videos.',
    user: (frames) =>
      `Now you will receive a video:${frameLines(frames, (k) => `Frame${k}: ${imagePlaceholder}`)}` +
      `Motion Feature: ${imagePlaceholder}How good is the quality of this video, from 1 to 5? ${smallForm}`,
    form: smallForm,
    motion: `Motion Feature: ${imagePlaceholder}`,
  },
};

/** SHA-256 of the conversation of the small prompt by frame count, unexpanded. */
export const smallPromptSha256: Readonly<Record<8 | 12, string>> = {
  8: '12d92c0a180b350334896eefb2edf851d9713a8b381c8cf4770718f8bcc5f948',
  12: 'acb6e990e0bf37f5e866aa0d3c526ca0b5cacc0175067d786517ff8f7f326fb1',
};

/** The user's turn, placeholders unexpanded. */
export function userText(prompt: PromptId, frames: number, variant: PromptVariant = wholePrompt): string {
  const { user, form, motion } = prompts[prompt];
  const text = variant.reasoning ? user(frames) : user(frames).replace(form, answerOnly);
  return variant.motion ? text : text.replace(motion, '');
}

/** The whole conversation up to the first generated token, placeholders unexpanded; its SHA-256 is the profile's. */
export function conversation(prompt: PromptId, frames: number, variant: PromptVariant = wholePrompt): string {
  return (
    `<|im_start|>system\n${prompts[prompt].system}<|im_end|>\n` +
    `<|im_start|>user\n${userText(prompt, frames, variant)}<|im_end|>\n<|im_start|>assistant\n`
  );
}

/** `<img>` + n × `<IMG_CONTEXT>` + `</img>`. */
function slot(tokens: number): string {
  return imageStart + imageContext.repeat(tokens) + imageEnd;
}

/** Text that the model gets: every frame slot with `tokensPerFrame` context tokens, the motion slot with one. */
export function promptText(
  profile: Pick<Profile, 'prompt' | 'frames' | 'tokensPerFrame'>,
  variant: PromptVariant = wholePrompt,
): string {
  const parts = conversation(profile.prompt, profile.frames, variant).split(imagePlaceholder);
  return parts.reduce(
    (text, part, k) => text + slot(k <= profile.frames ? profile.tokensPerFrame : 1) + part,
  );
}

/** Context tokens in all: N frames, then one for the motion of the whole video, which is always the last. */
export function contextTokens(profile: Pick<Profile, 'frames' | 'tokensPerFrame'>): number {
  return profile.frames * profile.tokensPerFrame + 1;
}
