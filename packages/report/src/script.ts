/** Without it the page lacks only the filter of items, and a link to an item does not open it. */
export const SCRIPT = `'use strict'
const items = [...document.querySelectorAll('.item')]
const filter = document.querySelector('.filter')
const input = filter.querySelector('input')
const names = items.map((item) => item.querySelector('summary').textContent.toLowerCase())
const open = () => { const found = document.getElementById(location.hash.slice(1)); if (found?.tagName === 'DETAILS') found.open = true }
input.addEventListener('input', () => {
  const words = input.value.toLowerCase().split(' ')
  let shown = 0
  items.forEach((item, at) => { item.hidden = !words.every((word) => names[at].includes(word)); if (!item.hidden) shown++ })
  filter.querySelector('output').textContent = shown + ' of ' + items.length
})
addEventListener('hashchange', open)
addEventListener('beforeprint', () => { if (items.length < 50) items.forEach((item) => { item.open = true }) })
filter.hidden = items.length < 2
open()
`
