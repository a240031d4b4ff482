/** Messages of files whose container holds no video that the page can read, in both languages. Ours. */
import { bytes, count } from './format.ts';
import { formatName } from './format-names.ts';

/** Parameters of every code; flags are 0 or 1. */
export interface MediaErrorParams {
  'media/no-video': { sound?: number; subtitles?: number };
  'media/cover': { format: string; sound: number };
  'media/external': { name: string };
  'media/index': { frames: number; bytes: number };
  'media/segment': object;
  'media/track-encoding': { encoding: string };
  'media/format': { format: string };
  'media/raw': object;
  'media/pointer': object;
  'media/web-page': object;
  'media/address': { address: string };
  /** `cut`: the connection ended while the file arrived. */
  'media/fetch': { host: string; status?: number; offline?: number; cut?: number };
  'media/strict': { transfer: 'pq' | 'hlg' };
}

type Table = {
  readonly [Code in keyof MediaErrorParams]: (p: MediaErrorParams[Code]) => { title: string; body: string };
};

export const mediaErrorsEn: Table = {
  'media/address': ({ address }) => ({
    title: `“${address}” is no address of a video.`,
    body: 'Give the whole address of the file itself, beginning with https://.',
  }),
  'media/fetch': ({ host, status, offline, cut }) => {
    if (offline) return { title: 'This device is offline.', body: 'Try again when the network is back.' };
    if (cut)
      return {
        title: `The connection to ${host} ended before the whole video was there.`,
        body: 'Try again.',
      };
    if (status === undefined)
      return {
        title: `${host} could not be reached, or it does not let pages of other sites read this file (CORS).`,
        body: 'Download the video and open the file here.',
      };
    if (status === 404 || status === 410)
      return { title: `${host} has no file at this address (${status}).`, body: 'Check the address.' };
    if (status === 401 || status === 403)
      return {
        title: `${host} does not give this file without a sign-in (${status}).`,
        body: 'Download the video yourself and open the file here.',
      };
    return { title: `${host} answered ${status}.`, body: 'Try again later, or check the address.' };
  },
  'media/strict': ({ transfer }) => ({
    title: `This is HDR video (${transfer.toUpperCase()}), which is refused because the run is strict.`,
    body: 'Without strict it is scored, and the notice says how its values are taken.',
  }),
  'media/format': ({ format }) => ({
    title: `The page does not read ${formatName('en', format)}.`,
    body: 'Convert it to MP4.',
  }),
  'media/raw': () => ({
    title: 'This is raw video without a header: its size and format are not in the file.',
    body: 'Make an MP4 of it: `ffmpeg -f rawvideo -video_size 1920x1080 -pix_fmt yuv420p -framerate 25 -i FILE -c:v libx264 -crf 12 copy.mp4`, with your values.',
  }),
  'media/pointer': () => ({
    title: 'This is a Git LFS pointer: the video itself was not downloaded.',
    body: 'Run `git lfs pull` in its repository, or download the file from its web page.',
  }),
  'media/web-page': () => ({
    title: 'This is a web page (HTML) under the name of a video.',
    body: 'The download needs a login, or its link has expired. Download the video again.',
  }),
  'media/no-video': ({ sound, subtitles }) => {
    const seen = [sound ? 'sound' : '', subtitles ? 'subtitles' : ''].filter(Boolean);
    return {
      title:
        seen.length > 0
          ? `There ${seen.join() === 'sound' ? 'is' : 'are'} ${seen.join(' and ')} but no picture in this file.`
          : 'There is no video track in this file.',
      body: 'Choose a file with a video track.',
    };
  },
  'media/cover': ({ format, sound }) => ({
    title: sound
      ? `This is sound with a cover picture (${format}), not a video.`
      : `This is one ${format} picture, not a video.`,
    body: 'Choose a file with a video track.',
  }),
  'media/external': ({ name }) => ({
    title: `The media lies in another file${name ? `: ${name}` : ''}. This one only refers to it.`,
    body: `Open ${name || 'that file'}, or save the movie again as a self-contained file.`,
  }),
  'media/index': ({ frames, bytes: size }) => ({
    title: `The index is wrong: it lists ${count(frames)} frames, more than a file of ${bytes(size)} can hold.`,
    body: 'The file is damaged or was made to mislead; get it again from its source.',
  }),
  'media/segment': () => ({
    title: 'This is a piece of a stream whose beginning (the initialization segment) is missing.',
    body: 'Join that segment and the pieces in their order into one file, or download the video as a whole.',
  }),
  'media/track-encoding': ({ encoding }) => ({
    title: `The video track is compressed inside its Matroska file (${encoding}), which this page does not read.`,
    body: 'Copy it into a plain file without loss: ffmpeg -i in.mkv -map 0:v -c copy out.mkv',
  }),
};

export const mediaErrorsZh: Table = {
  'media/address': ({ address }) => ({
    title: `“${address}”不是视频地址。`,
    body: '请给出文件本身的完整地址，以https://开头。',
  }),
  'media/fetch': ({ host, status, offline, cut }) => {
    if (offline) return { title: '本机没有网络。', body: '网络恢复后请重试。' };
    if (cut) return { title: `视频尚未完整到达，与${host}的连接就已断开。`, body: '请重试。' };
    if (status === undefined)
      return {
        title: `无法连接${host}，或者它不允许其他网站的页面读取此文件（CORS）。`,
        body: '请下载视频，再在此打开文件。',
      };
    if (status === 404 || status === 410)
      return { title: `${host}的这个地址没有文件（${status}）。`, body: '请检查地址。' };
    if (status === 401 || status === 403)
      return {
        title: `${host}需要登录才提供此文件（${status}）。`,
        body: '请自行下载视频，再在此打开文件。',
      };
    return { title: `${host}的回应为${status}。`, body: '请稍后重试，或检查地址。' };
  },
  'media/strict': ({ transfer }) => ({
    title: `这是HDR视频（${transfer.toUpperCase()}），本次运行为严格模式，因此不评分。`,
    body: '不用严格模式即可评分，并会说明取值方式。',
  }),
  'media/format': ({ format }) => ({
    title: `本页不能读取${formatName('zh', format)}。`,
    body: '请转换为MP4。',
  }),
  'media/raw': () => ({
    title: '这是没有文件头的原始视频，文件中没有尺寸和格式信息。',
    body: '请转为MP4：`ffmpeg -f rawvideo -video_size 1920x1080 -pix_fmt yuv420p -framerate 25 -i FILE -c:v libx264 -crf 12 copy.mp4`，并填入实际数值。',
  }),
  'media/pointer': () => ({
    title: '这是Git LFS指针，视频本身尚未下载。',
    body: '请在其仓库中运行`git lfs pull`，或从网页下载该文件。',
  }),
  'media/web-page': () => ({
    title: '这是以视频名保存的网页（HTML）。',
    body: '下载需要登录或链接已过期，请重新下载视频。',
  }),
  'media/no-video': ({ sound, subtitles }) => {
    const seen = [sound ? '声音' : '', subtitles ? '字幕' : ''].filter(Boolean);
    return {
      title: seen.length > 0 ? `文件只有${seen.join('和')}，没有画面。` : '文件没有视频轨。',
      body: '请选择带视频轨的文件。',
    };
  },
  'media/cover': ({ format, sound }) => ({
    title: sound ? `这是带封面图片（${format}）的音频，不是视频。` : `这是一张${format}图片，不是视频。`,
    body: '请选择带视频轨的文件。',
  }),
  'media/external': ({ name }) => ({
    title: `媒体数据在另一个文件中${name ? `：${name}` : ''}；此文件只是引用它。`,
    body: `请打开${name || '那个文件'}，或将影片另存为独立文件。`,
  }),
  'media/index': ({ frames, bytes: size }) => ({
    title: `索引有误：列出${count(frames)}帧，${bytes(size)}的文件装不下。`,
    body: '文件已损坏或被伪造，请从来源重新获取。',
  }),
  'media/segment': () => ({
    title: '这是流媒体的一个片段，缺少开头（初始化片段）。',
    body: '请按顺序把初始化片段与各片段合成一个文件，或下载完整视频。',
  }),
  'media/track-encoding': ({ encoding }) => ({
    title: `视频轨在Matroska文件内又被压缩（${encoding}），本页不能读取。`,
    body: '可无损复制到普通文件：ffmpeg -i in.mkv -map 0:v -c copy out.mkv',
  }),
};
