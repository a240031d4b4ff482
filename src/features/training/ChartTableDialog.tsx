/** The numbers of a chart as a table, to read and to copy. */
import { useMemo, useState } from 'react';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { TableBox } from '../../ui/TableBox.tsx';
import { readable } from './chart-data.ts';
import type { Line } from './chart-lines.ts';
import { chartTable, tableTsv, thinned } from './chart-table.ts';
import './ChartTableDialog.css';
import { useTrainingMessages } from './messages/useTrainingMessages.ts';

const MOST_ROWS = 250;

export function ChartTableDialog(props: {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly onClose: () => void;
}) {
  const { title, lines, onClose } = props;
  const t = useTrainingMessages();
  const [copied, setCopied] = useState(false);
  const table = useMemo(() => chartTable(lines, t.charts.step), [lines, t]);
  const rows = thinned(table.rows, MOST_ROWS);
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="training-table__head">
        <p>{t.charts.tableNote(rows.length, table.rows.length)}</p>
        <Button
          icon={copied ? 'check' : 'copy'}
          onClick={() => void navigator.clipboard.writeText(tableTsv(table)).then(() => setCopied(true))}
        >
          {copied ? t.charts.copied : t.charts.copyTable}
        </Button>
      </div>
      <TableBox className="training-table" name={title}>
        <table>
          <thead>
            <tr>
              {table.head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([step, ...values]) => (
              <tr key={step}>
                <th scope="row">{step}</th>
                {values.map((value, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns in their order
                  <td key={i}>{typeof value === 'number' ? readable(value) : '–'}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </Dialog>
  );
}
