/** Owns the document of the dashboard: what there is before the script has run, and without it. */

import { Frame } from '../../../dashboard/frame.tsx'
import { SignIn } from '../../../dashboard/sign-in.tsx'

/** Paths are relative, as a Worker of one's own may have the dashboard below a path. */
export function dashboardPage(): string {
  return `<!doctype html>${(<Page />).toString()}`
}

function Page() {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>workers-groupcache</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="dashboard.css" />
        {/* Without a glimpse of the form for those whose token the tab has kept. */}
        <script type="module" src="dashboard.js" blocking="render"></script>
      </head>
      <body>
        <div id="dashboard">
          <Frame>
            <noscript>
              <p class="notice bad">
                The dashboard needs JavaScript. The same figures are at <code>/metrics</code> and{' '}
                <code>/admin/stats</code>.
              </p>
            </noscript>
            <SignIn />
          </Frame>
        </div>
      </body>
    </html>
  )
}
