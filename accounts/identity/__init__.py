"""Registration, sign-in, passwords and email addresses.

Pages and API call the same actions: registration.py, sign_in.py, passwords.py, email_addresses.py.
"""
