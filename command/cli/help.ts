export const HELP = `vqathinker: quality of videos, with reasons, on this machine

  vqathinker score PATH…      files, folders, patterns, a list (.txt) or - (names on standard input)
  vqathinker compare A B      both scores, PSNR and SSIM of each frame; -k N answers give an interval
  vqathinker merge FILE…      joins the outputs (jsonl) of several shards
  vqathinker doctor           checks decoder and model on a clip whose score is known
  vqathinker score --help     the options of score

exit status: 0 passed · 1 a limit was not held · 2 wrong call · 3 some files unreadable · 4 no model or decoder
`;

export const SCORE_HELP = `vqathinker score PATH…

  -f, --format F     text, json, jsonl, csv or junit; text on a terminal, else jsonl
  -o, --output FILE  instead of standard output
      --resume       keeps the whole lines of FILE (jsonl) and scores the rest
  -j, --jobs N       files at a time; default: one for each core
  -r, --recursive    folders with the folders in them
  -m, --model M      small (default), a package folder or an address
      --every S      scores of parts of S seconds too
      --people       estimate of people's score too, by a separate part of the package
      --worst N      only the N lowest scores, lowest first
      --shard I/N    every N-th file of the list, from the I-th
      --min X        a lower score fails
      --max-drop X --reference DIR
                     fails where the score lies more than X below that of the file of the same name in DIR
      --no-text      without the generated text
  -q, --quiet        no progress on standard error
      --dry-run      lists the files
`;
