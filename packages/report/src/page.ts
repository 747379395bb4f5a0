import { createHash } from 'node:crypto'
import { markup, trusted } from './html.ts'
import type { Html } from './html.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** What a browser lets the page do: show itself with this style and run this script. */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  `style-src ${hash(STYLE)}`,
  `script-src ${hash(SCRIPT)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

export function page(title: string, body: Html): string {
  // Nothing stands around the style and the script: their hashes are of all that is between the tags.
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark"><title>${title}</title><style>${trusted(STYLE)}</style></head>
<body>${body}<script>${trusted(SCRIPT)}</script></body></html>
`.text
}
