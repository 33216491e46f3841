"""Forms of collections. The actions check the values again, by the same rules as for the API."""

from django import forms

from config.http.forms import ActionForm, IdField, TextField


class CollectionForm(ActionForm):
    """The name and description of a collection."""

    name = TextField("collection_name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    description = TextField(
        "collection_description", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class NewCollectionForm(CollectionForm):
    """A new collection, optionally with a first map."""

    is_public = forms.BooleanField(
        label="Public: anyone with the link can see it", label_suffix="", required=False
    )
    first_map = IdField(required=False, widget=forms.HiddenInput)
