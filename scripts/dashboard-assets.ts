/** Owns the making of what the dashboard serves: its script and its style sheet, each one minified text. */

import { join } from 'node:path'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '..')

export const ASSETS_FILE = join(ROOT, 'src/edge/dashboard/assets.ts')

/** The text of `src/edge/dashboard/assets.ts`: the same for the same source, wherever it is made. */
export async function assetsModule(): Promise<string> {
  const [script, style] = await Promise.all([bundled('main.tsx'), bundled('style.css')])
  return `// Made by \`npm run build:dashboard\` of dashboard. Change that, and make this again.
export const script = ${JSON.stringify(script)}
export const style = ${JSON.stringify(style)}
`
}

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`dashboard/${entry}`],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    // The components are rendered by the DOM's half of Hono's JSX here, by the other half in the Worker.
    tsconfigRaw: { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'hono/jsx/dom' } },
  })
  return (outputFiles[0] as { text: string }).text
}
