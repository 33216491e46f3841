"""Who somebody is: registration, sign-in, passwords, email addresses.

One action for each use case, called by page and API: registration.py, sign_in.py, passwords.py,
email_addresses.py.
"""
