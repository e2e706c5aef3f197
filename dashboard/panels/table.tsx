/** Owns the frame of a table that may be wider than the page: it scrolls by itself, by keyboard too. */

import type { Child } from 'hono/jsx'

export interface TableProps {
  readonly caption: string
  readonly columns: readonly Column[]
  /** The rows. */
  readonly children?: Child
}

export interface Column {
  readonly name: string
  /** What the column shows, where its name does not say all. */
  readonly help?: string
  /** Whether it has text: figures are set to the right. */
  readonly isText?: boolean
}

export function Table({ caption, columns, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, help, isText }) => (
              <th key={name} scope="col" title={help} class={isText ? 'text' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}
