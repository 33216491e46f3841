// Shows the OpenAPI schema with Swagger UI, which its own script has put on the window.

/** @type {Window & {SwaggerUIBundle?: (options: object) => void}} */
const page = window;
const explorer = document.getElementById("explorer");

page.SwaggerUIBundle?.({
  url: explorer?.dataset.schema,
  domNode: explorer,
  deepLinking: true,
  persistAuthorization: false,
});
