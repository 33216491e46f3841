// Shows the OpenAPI schema with Swagger UI, a global variable of its own script.

/** @type {Window & {SwaggerUIBundle?: (options: object) => void}} */
const page = window;
const explorer = document.getElementById("explorer");

page.SwaggerUIBundle?.({
  url: explorer?.dataset.schema,
  domNode: explorer,
  deepLinking: true,
  persistAuthorization: false,
});
