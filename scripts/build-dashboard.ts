/** Owns the command `npm run build:dashboard`. */

import { writeFileSync } from 'node:fs'
import { ASSETS_FILE, assetsModule } from './dashboard-assets.ts'

writeFileSync(ASSETS_FILE, await assetsModule())
