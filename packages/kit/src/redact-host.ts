import type { RedactionTable } from './redact-table.ts'

/**
 * The name of a host without the secrets of the table and their encodings, as `redactBytes` leaves it. A name is told in lower
 * case, so a secret in it is one whatever its case was.
 */
export function redactHost(host: string, table: RedactionTable): string {
  const lower = host.toLowerCase()
  const found = [...table.needles.values()].flat().flatMap(({ bytes, marker }) => {
    const wanted = Buffer.from(bytes).toString('latin1').toLowerCase()
    const places = []
    for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, at + 1))
      places.push({ at, end: at + wanted.length, marker: Buffer.from(marker).toString() })
    return places
  })
  let out = ''
  let shown = 0
  for (const { at, end, marker } of found.sort((a, b) => a.at - b.at)) {
    if (at >= shown) out += `${host.slice(shown, at)}${marker}`
    shown = Math.max(shown, end)
  }
  return `${out}${host.slice(shown)}`
}
