const block = /<!-- contents -->\n[\s\S]*?<!-- \/contents -->\n\n/

/** The same page with an up-to-date table of contents before its first section. */
export function withContents(page) {
  const bare = page.replace(block, '')
  // Headings inside code blocks are no sections.
  const shown = bare.replace(/^(`{3,})[\s\S]*?^\1/gm, (code) => code.replaceAll('#', ' '))
  const sections = [...shown.matchAll(/^## (.+)$/gm)]
  if (sections.length < 3) return bare
  const lines = sections.map(([, title]) => `- [${title}](#${slug(title)})\n`)
  const at = sections[0].index
  return `${bare.slice(0, at)}<!-- contents -->\n${lines.join('')}<!-- /contents -->\n\n${bare.slice(at)}`
}

function slug(title) {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}
