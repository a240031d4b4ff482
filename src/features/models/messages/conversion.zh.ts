/** Texts about a conversion in the page, in Chinese. */
import { bytes } from '../../../../core/text/format.ts';
import type { ConversionMessages } from './conversion.en.ts';

const percentOf = (share: number) => `${Math.floor(share * 100)}%`;

export const conversionZh: ConversionMessages = {
  offer: (name) => `转换${name}`,
  from: (repository, commit, host) =>
    `${host}上的**${repository}**，版本\`${commit.slice(0, 8)}\`：边读取边转换，只读一遍；不保存检查点本身。`,
  fromFolder: (name) => `本机文件夹**${name}**；其内容不变。`,
  sizes: (weights, stored, free) =>
    free === null
      ? `读取${bytes(weights)}，模型包占用存储${bytes(stored)}。`
      : `读取${bytes(weights)}，模型包占用存储${bytes(stored)}，本页可用${bytes(free)}。`,
  tooLittle: (missing) => `存储空间还差${bytes(missing)}。请删除模型或清理磁盘。`,
  dtypes: '权重格式',
  reasons: {
    q4f16: '最小、最快。显卡须支持16位运算。',
    q4: '同样小。适合不支持16位运算的显卡。',
    q8: '较大，更接近原模型。适合显卡。',
  },
  bothTargets: '适合显卡，也可只用处理器。',
  recommended: '本机推荐',
  convert: '转换',
  goOn: '继续',
  cancel: '取消',
  locked: (repository, host) =>
    `${host}只向已登录并接受其条款的用户提供${repository}。令牌只留在本页内存中：只发送给${host}，从不保存。`,
  token: '访问令牌',
  tokenDo: '重新查看',
  hashing: (name, share) => `正在读取${name}的校验值，${percentOf(share)}`,
  converting: (name, share) => `正在转换${name}，${percentOf(share)}`,
  speed: (perSecond) => `${bytes(perSecond)}/秒`,
  stop: '停止',
  unfinished: (name) => `${name}的转换尚未完成`,
  unfinishedText: (stored, dtype) => `本机已有${bytes(stored)} · ${dtype}。将从停下处继续。`,
  chooseAgain: '请重新选择同一文件夹。',
  discard: (name) => `删除未完成的${name}`,
};
