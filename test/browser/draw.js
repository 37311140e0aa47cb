/* eslint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-call, typescript/no-unsafe-member-access -- a page's own globals have no types here */

// Runs in the page, beside mermaid: draws every diagram as GitHub does, and fails where one is not
// right.
globalThis.drawDiagrams = async () => {
  const { mermaid, document } = globalThis;
  mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });
  for (const [index, block] of document.querySelectorAll('code.language-mermaid').entries()) {
    const text = block.textContent;
    await mermaid.parse(text);
    const { svg, diagramType } = await mermaid.render(`diagram-${index}`, text);
    const figure = document.createElement('figure');
    figure.style.margin = '0 0 16px';
    figure.dataset.type = diagramType;
    figure.innerHTML = svg;
    block.parentElement.replaceWith(figure);
  }
};
