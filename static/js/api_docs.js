// Shows the OpenAPI schema with Swagger UI, which its own script has put on the window.
const explorer = document.getElementById("explorer");

window.SwaggerUIBundle({
  url: explorer.dataset.schema,
  domNode: explorer,
  deepLinking: true,
  persistAuthorization: false,
});
