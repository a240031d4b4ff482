/**
 * Prompts of VQA², byte for byte, errors of spelling and spacing included. `<image>` is the placeholder of one block.
 * The first published code (November 2024) and the present one differ. Held to the official code by
 * golden-vqa2/rules/prompts.json: change only with it.
 */

export const system = 'You are a helpful assistant.';
export const placeholder = '<image>';

/** Release of the official code: `2024` is the first published one, `2025` the present one. */
export type Release = '2024' | '2025';

/** Numbers of a video that prompts state. */
export interface Counts {
  readonly keyFrames: number;
  readonly denseFrames: number;
}

/**
 * The whole conversation, placeholders unexpanded.
 *
 * @param prefix the answer's first words, closed as the scoring scripts close them; null where generation begins
 */
export function conversation(user: string, prefix: string | null = null): string {
  return `${openConversation(user)}${prefix === null ? '' : `${prefix}<|im_end|>\n`}`;
}

/** The conversation up to the first token of the answer. */
export function openConversation(user: string): string {
  return (
    `<|im_start|>system\n${system}<|im_end|>\n<|im_start|>user\n${user}<|im_end|>\n` +
    '<|im_start|>assistant\n'
  );
}

const choiceForm =
  "Please answer the question in the following format: the uppercase letter of the correct answer option itself +'.'. Please do not add any other answers beyond this.";

/** Multiple choice: the question, one line an option, the form of answer. */
export function choiceMessage(question: string, options: readonly string[]): string {
  const lines = options.map((option, k) => `${String.fromCharCode(65 + k)}. ${option}\n`);
  return `${question}\n${lines.join('')}${choiceForm}`;
}

export const openMessage = (question: string): string => `${question}Please directly answer the question.`;

const observe = 'Please analyze these images and answer the questions based on your observations.';
const motionOf = (count: number, of: string) =>
  `In addition, you will also obtain motion features extracted from all ${count} frames of ${of}`;
const sampledFrames = (count: number) =>
  `You will receive ${count} distinct frames that have been uniformly sampled in each second from a video sequence`;
const inOrder = 'arranged in the same temporal order as they appear in the video';
const blocks = `\nThe video frames:${placeholder}\nThe video motion features:${placeholder}\n`;

/** Q-Bench-Video, one video. In 2024 the motion block is announced and never given. */
export function benchPrompt(release: Release, { keyFrames, denseFrames }: Counts, message: string): string {
  const start = `${sampledFrames(keyFrames)}, ${inOrder}. `;
  if (release === '2024')
    return `${start}${motionOf(denseFrames, 'the the first video')}.  ${observe}\nThe video frames:${placeholder}\n${message}`;
  return `${start}${motionOf(denseFrames, 'the the video')}.  ${observe}${blocks}.${message}`;
}

/** Q-Bench-Video, two videos. */
export function pairPrompt(first: Counts, second: Counts, message: string): string {
  const total = first.keyFrames + second.keyFrames;
  const side = (name: string) =>
    `The ${name} video frames:${placeholder}\nThe ${name} video motion features:${placeholder}\n`;
  return (
    `You will receive ${total} distinct frames in total. The first ${first.keyFrames} frames and ${first.keyFrames + 1}-${total}frames are uniformly sampled in each second from the first and the second video sequence, ${inOrder}s. ` +
    `${motionOf(first.denseFrames, 'the the first video')} and all ${second.denseFrames} frames of the the second video'+'. The temporal motion features also follows the original frame order of the video. ${observe}\n` +
    `${side('first')}${side('second')}${message}`
  );
}

/** The fine-grained questions, with a convention for times. */
export function finePrompt({ keyFrames, denseFrames }: Counts, message: string): string {
  return (
    `${sampledFrames(keyFrames)} (the video is ${keyFrames} seconds long), ${inOrder}. ${motionOf(denseFrames, 'the the video')}.  ${observe} ` +
    "（Please note that if the question is about specific time, the time mark notation is set as follows: when the video starts playing, this timepoint is denoted as '1 second.' When the first second ends and the second second begins, this timepoint is marked as '2 seconds', and so on.)" +
    `${blocks}.${message}`
  );
}

/** Free questions, as the demonstrations ask them. */
export function chatPrompt(release: Release, { keyFrames, denseFrames }: Counts, question: string): string {
  const start = `You will receive ${keyFrames} distinct frames that have been by uniformly sampling 1 frame per second from the video, ${inOrder}. `;
  return release === '2024'
    ? `${start}${motionOf(denseFrames, 'the the first video')}. ${observe}${blocks}${question}`
    : `${start}${motionOf(denseFrames, 'the the video')}.${blocks}${question}`;
}

/** One second of a video, asked about one quality dimension. */
export function probePrompt(denseFrames: number, question: string): string {
  return (
    'You will receive 1 keyframes that have been sampled from one video-clip with 1s long. ' +
    `${motionOf(denseFrames, 'the the video clip')}. Please analyze the keyframes and answer the questions based on your observations.${blocks}${question}`
  );
}

/** Multiple choice about one image or two. */
export function imagePrompt(images: 1 | 2, message: string): string {
  return images === 1
    ? `You will receive one image. ${observe}\n${placeholder}\n${message}`
    : `You will receive two images. ${observe}\n${placeholder}\n\n${placeholder}\n${message}`;
}

/** The turn that the third stage trains with; the first assistant saw no other. It ends with a blank. */
export function stage3Prompt({ keyFrames, denseFrames }: Counts, question: string): string {
  return (
    `Now you will receive one video. This video is ${keyFrames}.0 seconds long, and you will see a sequence of images generated by uniformly sampling 1 frame per second from the video. The image sequence follows the original order of the video. After uniform sampling, there are a total of ${keyFrames} images:\n ${placeholder}. ` +
    `${motionOf(denseFrames, 'the the entire video')}:\n ${placeholder}. The temporal motion features also follows the original frame order of the video. Please watch this video carefully, and then answer the following question: ${question} `
  );
}

/** The template that the paper prints. */
export const paperPrompt = (question: string): string =>
  `The key frames of this video are:${placeholder}, and the motion features of the video are:${placeholder}. Based on this, answer the following question.${question}`;

export const stage1Questions = {
  image: 'What is the main spatial distortion presented in this image?',
  video: 'What is the main motion distortion presented in this video?',
} as const;

export const scoreQuestion = 'How would you rate the quality of this video?';
