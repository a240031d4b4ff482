/** Messages of the converter's error codes in both languages, for the page and for the command line. Ours. */
import { bytes, count } from './format.ts';
import { type HubErrorParams, hubErrorsEn, hubErrorsZh } from './hub-error-messages.ts';

/** Parameters of every code. Byte counts are bytes. */
export interface ConvertErrorParams extends HubErrorParams {
  'convert/config': { field: string; problem: string };
  'convert/exists': { folder: string };
  'convert/header': { file: string; problem: string };
  'convert/tensor': { name: string; missing: number };
  'convert/folder': { folder: string };
  'convert/option': { option: string; value: string };
  'convert/pointer': { file: string };
  'convert/web-page': { file: string };
  'convert/text': { file: string; begins: string };
  'convert/cut-off': { file: string; present: number; needed: number };
  'convert/no-config': object;
  'convert/no-weights': object;
  'convert/no-index': { shards: number };
  'convert/no-shard': { file: string; missing: number; of: number };
  'convert/outside': { file: string };
  'convert/adapter': { base?: string };
  'convert/pickle': { file: string };
  'convert/weights-format': { file: string; format: string };
  'convert/quantised': { method: string };
  'convert/hf-layout': { type: string };
  'convert/other-model': { type: string };
  'convert/no-tokenizer': { present: string };
  'convert/storage': { needed: number; free: number };
  'convert/disk-full': { folder?: string };
}

interface Text {
  readonly title: string;
  readonly body: string;
}

type Table = { readonly [Code in keyof ConvertErrorParams]: (p: ConvertErrorParams[Code]) => Text };

const say = (title: string, body: string): Text => ({ title, body });

export const convertErrorsEn: Table = {
  ...hubErrorsEn,
  'convert/config': ({ field, problem }) =>
    say(
      `The checkpoint cannot be read: ${field} ${problem}.`,
      'Check that the folder is complete. Nothing was written.',
    ),
  'convert/exists': ({ folder }) =>
    say(`${folder} is not empty.`, 'Choose another folder, or empty it. Nothing was written.'),
  'convert/header': ({ file, problem }) =>
    say(`${file} is corrupt: ${problem}.`, 'Download this file again. Nothing was written.'),
  'convert/tensor': ({ name, missing }) =>
    say(
      `The checkpoint lacks ${name} (${count(missing)} missing).`,
      'Check that every shard is in the folder. Nothing was written.',
    ),
  'convert/folder': ({ folder }) => say(`There is no folder ${folder}.`, 'Check the path.'),
  'convert/option': ({ option, value }) =>
    say(`${option} does not know "${value}".`, '--help lists the options.'),
  'convert/pointer': ({ file }) =>
    say(
      `${file} is a Git LFS pointer: the file itself was not downloaded.`,
      'Run `git lfs pull` in the folder, or download the file from the model’s page. Nothing was written.',
    ),
  'convert/web-page': ({ file }) =>
    say(
      `${file} is a web page (HTML), not the file.`,
      'The download needs a login, or the link has expired. Download the file again. Nothing was written.',
    ),
  'convert/text': ({ file, begins }) =>
    say(
      `${file} holds text, not weights; it begins “${begins}”.`,
      'A server answered so instead of the file. Download it again. Nothing was written.',
    ),
  'convert/cut-off': ({ file, present, needed }) =>
    say(
      `${file} is cut off: ${bytes(present)} of ${bytes(needed)} are there.`,
      'Download it again to the end. Nothing was written.',
    ),
  'convert/no-config': () =>
    say('There is no config.json in the folder.', 'Choose the folder that holds it. Nothing was written.'),
  'convert/no-weights': () =>
    say(
      'There are no weights in the folder: neither model.safetensors nor shards of it.',
      'Download all files of the checkpoint. Nothing was written.',
    ),
  'convert/no-index': ({ shards }) =>
    say(
      `model.safetensors.index.json is missing; ${shards === 1 ? '1 shard is' : `${count(shards)} shards are`} there.`,
      'Download the index from the same page as the shards. Nothing was written.',
    ),
  'convert/no-shard': ({ file, missing, of }) =>
    say(
      `${file} is missing (${count(missing)} of ${count(of)} shards are not in the folder).`,
      'Download the missing shards. Nothing was written.',
    ),
  'convert/outside': ({ file }) =>
    say(
      `model.safetensors.index.json names a file outside the folder (${file}) and was refused.`,
      'Do not use this checkpoint; get it from its author. Nothing was written.',
    ),
  'convert/adapter': ({ base }) =>
    say(
      `The folder holds a LoRA adapter${base ? ` for ${base}` : ''}, not a whole model.`,
      'Merge it into its base model first (`merge_and_unload()` of peft, then `save_pretrained`), and convert the result. Nothing was written.',
    ),
  'convert/pickle': ({ file }) =>
    say(
      `The weights are in ${file}, a format of PyTorch that can run code; the converter reads safetensors.`,
      'Save the model again with `save_pretrained(folder, safe_serialization=True)`. Nothing was written.',
    ),
  'convert/weights-format': ({ file, format }) =>
    say(
      `The weights are in ${file} (${format}); the converter reads safetensors.`,
      'Get the original checkpoint in safetensors. Nothing was written.',
    ),
  'convert/quantised': ({ method }) =>
    say(
      `The checkpoint is already quantised (${method}); the converter needs the original weights.`,
      'Get the checkpoint in bfloat16 or float16; the converter quantises it by itself. Nothing was written.',
    ),
  'convert/hf-layout': ({ type }) =>
    say(
      `The checkpoint is in the layout of transformers (${type}, often named “-hf”), not in the official one.`,
      'Get the copy without “-hf” (model_type internvl_chat). Nothing was written.',
    ),
  'convert/other-model': ({ type }) =>
    say(
      `The checkpoint is of another model (${type}).`,
      'The converter reads VQAThinker checkpoints (model_type internvl_chat). Nothing was written.',
    ),
  'convert/no-tokenizer': ({ present }) =>
    say(
      `tokenizer.json is missing${present ? ` (there is ${present}, which is not enough)` : ''}.`,
      'Download it, or make it: `AutoTokenizer.from_pretrained(folder, use_fast=True).save_pretrained(folder)`. Nothing was written.',
    ),
  'convert/storage': ({ needed, free }) =>
    say(
      `The package needs ${bytes(needed)} more, and ${bytes(free)} are free.`,
      'Free that much space and go on. Parts that are finished are kept.',
    ),
  'convert/disk-full': ({ folder }) =>
    say(
      `The disk is full${folder ? ` (${folder})` : ''}.`,
      'Free some space and go on: parts that are finished are kept and not made again.',
    ),
};

export const convertErrorsZh: Table = {
  ...hubErrorsZh,
  'convert/config': ({ field, problem }) =>
    say(`无法读取检查点：${field} ${problem}。`, '请确认文件夹完整。未写入任何内容。'),
  'convert/exists': ({ folder }) => say(`${folder}不是空文件夹。`, '请另选文件夹或清空它；未写入任何内容。'),
  'convert/header': ({ file, problem }) =>
    say(`${file}已损坏：${problem}。`, '请重新下载该文件；未写入任何内容。'),
  'convert/tensor': ({ name, missing }) =>
    say(`检查点缺少${name}（共缺${count(missing)}个）。`, '请确认所有分片齐全。未写入任何内容。'),
  'convert/folder': ({ folder }) => say(`没有文件夹${folder}。`, '请检查路径。'),
  'convert/option': ({ option, value }) => say(`${option}不支持“${value}”。`, '选项见--help。'),
  'convert/pointer': ({ file }) =>
    say(
      `${file}是Git LFS指针，文件本身尚未下载。`,
      '请在该文件夹中运行`git lfs pull`，或从模型页面下载该文件。未写入任何内容。',
    ),
  'convert/web-page': ({ file }) =>
    say(`${file}是网页（HTML），不是所需文件。`, '下载需要登录或链接已过期，请重新下载。未写入任何内容。'),
  'convert/text': ({ file, begins }) =>
    say(
      `${file}的内容是文字，不是权重，开头是“${begins}”。`,
      '这是服务器的应答而非文件本身，请重新下载。未写入任何内容。',
    ),
  'convert/cut-off': ({ file, present, needed }) =>
    say(`${file}不完整：只有${bytes(present)}，应为${bytes(needed)}。`, '请重新完整下载。未写入任何内容。'),
  'convert/no-config': () => say('文件夹中没有config.json。', '请选择含有它的文件夹。未写入任何内容。'),
  'convert/no-weights': () =>
    say(
      '文件夹中没有权重：既没有model.safetensors，也没有其分片。',
      '请下载检查点的全部文件。未写入任何内容。',
    ),
  'convert/no-index': ({ shards }) =>
    say(
      `缺少model.safetensors.index.json；已有${count(shards)}个分片。`,
      '请从分片所在页面下载索引文件。未写入任何内容。',
    ),
  'convert/no-shard': ({ file, missing, of }) =>
    say(`缺少${file}（${count(of)}个分片中缺${count(missing)}个）。`, '请下载缺少的分片。未写入任何内容。'),
  'convert/outside': ({ file }) =>
    say(
      `model.safetensors.index.json指向文件夹之外的文件（${file}），已拒绝。`,
      '请勿使用此检查点，请向作者获取。未写入任何内容。',
    ),
  'convert/adapter': ({ base }) =>
    say(
      `该文件夹是LoRA适配器${base ? `（基座：${base}）` : ''}，不是完整模型。`,
      '请先合并到基座模型（peft的`merge_and_unload()`，再`save_pretrained`），然后转换。未写入任何内容。',
    ),
  'convert/pickle': ({ file }) =>
    say(
      `权重在${file}中，这种PyTorch格式可能执行代码；转换器只读safetensors。`,
      '请用`save_pretrained(folder, safe_serialization=True)`重新保存。未写入任何内容。',
    ),
  'convert/weights-format': ({ file, format }) =>
    say(
      `权重在${file}中（${format}）；转换器只读safetensors。`,
      '请获取safetensors格式的原始检查点。未写入任何内容。',
    ),
  'convert/quantised': ({ method }) =>
    say(
      `检查点已量化（${method}）；转换器需要原始权重。`,
      '请获取bfloat16或float16的检查点，转换器会自行量化。未写入任何内容。',
    ),
  'convert/hf-layout': ({ type }) =>
    say(
      `检查点是transformers的布局（${type}，名称常带“-hf”），不是官方布局。`,
      '请获取不带“-hf”的版本（model_type为internvl_chat）。未写入任何内容。',
    ),
  'convert/other-model': ({ type }) =>
    say(
      `这是其他模型的检查点（${type}）。`,
      '转换器只读VQAThinker检查点（model_type为internvl_chat）。未写入任何内容。',
    ),
  'convert/no-tokenizer': ({ present }) =>
    say(
      `缺少tokenizer.json${present ? `（只有${present}，不够）` : ''}。`,
      '请下载它，或生成它：`AutoTokenizer.from_pretrained(folder, use_fast=True).save_pretrained(folder)`。未写入任何内容。',
    ),
  'convert/storage': ({ needed, free }) =>
    say(
      `模型包还需要${bytes(needed)}，可用空间只有${bytes(free)}。`,
      '请腾出足够的空间后继续，已完成的部分会保留。',
    ),
  'convert/disk-full': ({ folder }) =>
    say(`磁盘已满${folder ? `（${folder}）` : ''}。`, '请腾出空间后继续，已完成的部分会保留，不必重做。'),
};
