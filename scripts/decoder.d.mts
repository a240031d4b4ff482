export const decoderHome: string;
export function setUpDecoder(): void;
