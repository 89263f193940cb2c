"use strict";
// Reads the address of the document from the page, so that the page needs no inline script.
SwaggerUIBundle({
  url: document.currentScript.dataset.spec,
  dom_id: "#docs",
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
