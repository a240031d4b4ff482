/** Messages of the error codes about what this device can store, hold and compute, in both languages. Ours. */
import { bytes } from './format.ts';

/** Parameters of every code. Byte counts are bytes. */
export interface DeviceErrorParams {
  'model/storage': { needed: number; free: number };
  'model/buffer': { needed: number; limit: number };
  'model/held': { bytes: number; limit: number };
  'model/self-test': { dtype: string; adapter: string };
}

interface Text {
  readonly title: string;
  readonly body: string;
}

type Table = { readonly [Code in keyof DeviceErrorParams]: (p: DeviceErrorParams[Code]) => Text };

const say = (title: string, body: string): Text => ({ title, body });

export const deviceErrorsEn: Table = {
  'model/storage': ({ needed, free }) =>
    say(
      `${bytes(needed)} needed, ${bytes(free)} free for this page.`,
      'Delete a model, or free disk space. Nothing was stored.',
    ),
  'model/buffer': ({ needed, limit }) =>
    say(
      `Needs a buffer of ${bytes(needed)}; this graphics adapter allows ${bytes(limit)}.`,
      'Choose the 4-bit model.',
    ),
  'model/held': ({ bytes: size, limit }) =>
    say(
      `This browser would have to hold all ${bytes(size)} of the model in memory; ${bytes(limit)} is the most that is tried.`,
      'Use a browser that reads weights piece by piece (Chrome or Edge from version 137 on), or choose a smaller model.',
    ),
  'model/self-test': ({ dtype, adapter }) =>
    say(
      `This graphics adapter (${adapter}) computes the model's ${dtype} weights wrongly: a stored prompt gave other results than it must.`,
      'Download another variant of the model, run it on the processor, or update the graphics driver.',
    ),
};

export const deviceErrorsZh: Table = {
  'model/storage': ({ needed, free }) =>
    say(`需要${bytes(needed)}，本页可用${bytes(free)}。`, '请删除模型或清理磁盘；尚未存入任何内容。'),
  'model/buffer': ({ needed, limit }) =>
    say(`需要${bytes(needed)}的缓冲区；此显卡允许${bytes(limit)}。`, '请选4位模型。'),
  'model/held': ({ bytes: size, limit }) =>
    say(
      `此浏览器须把${bytes(size)}整个放入内存，上限${bytes(limit)}。`,
      '请用Chrome或Edge 137及以上，或换小模型。',
    ),
  'model/self-test': ({ dtype, adapter }) =>
    say(`此显卡（${adapter}）对${dtype}权重计算有误。`, '请下载其他版本、改用处理器，或更新显卡驱动。'),
};
